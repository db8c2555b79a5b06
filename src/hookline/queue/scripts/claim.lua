local known, serving = call('HMGET', RECORDS, 'k:' .. ARGV[4], 'p*'), open_serving()
local wish = { claim = ARGV[4], most = tonumber(ARGV[5]), span = tonumber(ARGV[6]) }
local told, next_moment = serving.claim(wish, known[1], known[2])
serving.write()
tell()
return { told, next_moment }
