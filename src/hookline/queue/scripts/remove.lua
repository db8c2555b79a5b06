local ready, bands, depth = KEYS[1], KEYS[2], KEYS[3]
local removed = 0
for at = 1, #ARGV do
  local band = redis.call('HGET', bands, ARGV[at])
  if band then
    redis.call('HDEL', bands, ARGV[at])
    redis.call('ZREM', ready, ARGV[at])
    if redis.call('HINCRBY', depth, band, -1) <= 0 then
      redis.call('HDEL', depth, band)
    end
    removed = removed + 1
  end
end
return removed
