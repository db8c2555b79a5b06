local function size(key)
  return redis.call('ZCARD', key)
end

local waiting = size(READY) + size(DELAYED) + size(BEHIND)
local is_whole = redis.call('HLEN', TASKS) == waiting + size(LEASES)
  and size(HEADS) == size(OLDEST)
  and size(BEHIND) == size(LENT)
  and (size(BEHIND) == 0 or redis.call('EXISTS', CONVERSATIONS) == 1)
  and redis.call('EXISTS', DEPTH) == (waiting > 0 and 1 or 0)
  and (redis.call('EXISTS', TASKS) == 0 or redis.call('EXISTS', CONTROL) == 1)
if not is_whole then
  redis.call('DEL', unpack(KEYS))
end
return is_whole and 1 or 0
