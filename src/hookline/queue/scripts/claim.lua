local known = call('HMGET', RECORDS, 'k:' .. ARGV[4], 'p*')
local told, next_moment = claim(ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), known[1], known[2])
tell()
return { told, next_moment }
