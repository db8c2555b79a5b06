local function lane_state(lane)
  local found = redis.call('HMGET', CONTROL, 'w:' .. lane, 'r:' .. lane, 'p:' .. lane)
  local weight, cap = string.match(found[1] or '1 0', '^(%S+) (%d+)$')
  return {
    weight = tonumber(weight),
    is_open = not found[3] and (cap == '0' or tonumber(found[2] or 0) < tonumber(cap)),
  }
end

local function retire(name, band)
  redis.call('ZREM', OLDEST, name)
  local tag = redis.call('ZSCORE', HEADS, name)
  if tag then
    redis.call('ZREM', HEADS, name)
    redis.call('ZADD', IDLE, tag, name)
  end
  local from, to = band * STEP, '(' .. whole((band + 1) * STEP)
  if redis.call('ZCOUNT', HEADS, from, to) == 0 then
    redis.call('ZREMRANGEBYSCORE', IDLE, from, to)
    redis.call('HDEL', CONTROL, 'v:' .. band)
  end
end

local function enlist(lane, band)
  local first, name = first_with(READY, lane .. GAP .. band), band .. lane
  if not first then
    return retire(name, band)
  end
  local accepted = tonumber(string.sub(first, #lane + 3, #lane + 18))
  redis.call('ZADD', OLDEST, accepted + band * AGE, name)
  if not redis.call('ZSCORE', HEADS, name) then
    local virtual = tonumber(redis.call('HGET', CONTROL, 'v:' .. band) or 0)
    local tag = math.max(band * STEP + virtual, tonumber(redis.call('ZSCORE', IDLE, name) or 0))
    redis.call('ZREM', IDLE, name)
    redis.call('ZADD', HEADS, string.format('%.17g', tag), name)
  end
end

local function review(lane)
  local is_open = lane_state(lane).is_open
  for band = 0, BANDS - 1 do
    if is_open then
      enlist(lane, band)
    else
      retire(band .. lane, band)
    end
  end
  return is_open
end

local function member(task)
  return task.lane .. GAP .. task.lent .. task.accepted .. task.id
end

local function shelve(task)
  redis.call('ZADD', READY, 0, member(task))
  if lane_state(task.lane).is_open then
    enlist(task.lane, task.lent)
    is_news = true
  end
end

local function unshelve(task)
  redis.call('ZREM', READY, member(task))
  if lane_state(task.lane).is_open then
    enlist(task.lane, task.lent)
  end
end

local function occupy(lane)
  redis.call('HINCRBY', CONTROL, 'r:' .. lane, 1)
  local state = lane_state(lane)
  if not state.is_open then
    review(lane)
  end
end

local function vacate(lane)
  local was_open = lane_state(lane).is_open
  tally('r:' .. lane, -1)
  if not was_open then
    is_news = review(lane) or is_news
  end
end
