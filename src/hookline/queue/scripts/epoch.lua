local info = redis.pcall('INFO', 'server')
local run_id = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
local known = redis.call('HMGET', CONTROL, 'epoch', 'run')
if not known[1] or (known[2] and known[2] ~= run_id) then
  redis.call('HSET', CONTROL, 'epoch', ARGV[4])
end
redis.call('HSET', CONTROL, 'run', run_id)
return redis.call('HGET', CONTROL, 'epoch')
