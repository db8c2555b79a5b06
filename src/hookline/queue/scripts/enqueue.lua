local ready, bands, depth, epoch = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
for at = 2, #ARGV, 3 do
  local id, band, score = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if redis.call('HSETNX', bands, id, band) == 1 then
    redis.call('ZADD', ready, score, id)
    redis.call('HINCRBY', depth, band, 1)
  end
end
return current_epoch(epoch, ARGV[1])
