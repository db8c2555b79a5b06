local ready, bands, depth, epoch = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local added = {}
for _, task in ipairs(cjson.decode(ARGV[2])) do
  local id, band, score = task[1], task[2], task[3]
  if redis.call('HSETNX', bands, id, band) == 1 then
    redis.call('ZADD', ready, score, id)
    added[band] = (added[band] or 0) + 1
  end
end
for band, count in pairs(added) do
  redis.call('HINCRBY', depth, band, count)
end
return current_epoch(epoch, ARGV[1])
