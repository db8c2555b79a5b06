local info = redis.pcall('INFO', 'server')
local run_id = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
local known = call('HMGET', RECORDS, 'epoch', 'run')
local epoch = known[1]
if not epoch or (known[2] and known[2] ~= run_id) then
  epoch = ARGV[4]
end
call('HSET', RECORDS, 'epoch', epoch, 'run', run_id)
return epoch
