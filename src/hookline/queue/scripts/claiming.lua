local function reap(most)
  local over = redis.call('ZRANGEBYSCORE', LEASES, '-inf', NOW, 'LIMIT', 0, most)
  for _, id in ipairs(over) do
    local task = load(id)
    leave(task)
    count(task.band .. task.lane, 1)
    place(task)
  end
end

local function promote(most)
  local due = redis.call('ZRANGEBYSCORE', DELAYED, '-inf', NOW, 'LIMIT', 0, most)
  for _, id in ipairs(due) do
    local task = load(id)
    redis.call('ZREM', DELAYED, id)
    place(task)
  end
end

local function next_name()
  local fairest = redis.call('ZRANGE', HEADS, 0, 0, 'WITHSCORES')
  local oldest = redis.call('ZRANGE', OLDEST, 0, 0)[1]
  if not oldest or string.sub(oldest, 1, 1) <= string.sub(fairest[1], 1, 1) then
    return fairest[1], tonumber(fairest[2] or 0), true
  end
  return oldest, tonumber(redis.call('ZSCORE', HEADS, oldest)), false
end

local function serve(claim, ends)
  local name, tag, is_fair = next_name()
  if not name then
    return nil
  end
  local band, lane = tonumber(string.sub(name, 1, 1)), string.sub(name, 2)
  local first = first_with(READY, lane .. GAP .. band)
  local task = load(string.sub(first, #lane + 19))
  if is_fair then
    redis.call('HSET', CONTROL, 'v:' .. band, string.format('%.17g', tag - band * STEP))
    redis.call('ZREMRANGEBYSCORE', IDLE, band * STEP, string.format('%.17g', tag))
  end
  redis.call('ZADD', HEADS, string.format('%.17g', tag + 1 / lane_state(lane).weight), name)
  redis.call('ZREM', READY, first)
  enlist(lane, band)
  count(task.band .. lane, -1)
  hold(task, claim, ends)
  occupy(lane)
  return task
end

local function taken_before(claim, ends)
  local before = {}
  for id in string.gmatch(redis.call('HGET', CLAIMS, claim) or '', '[^\31]+') do
    local task = load(id)
    if task and task.claim == claim then
      redis.call('ZADD', LEASES, ends, id)
      before[#before + 1] = task
    end
  end
  return before
end

local function note_claim(name, taken)
  local ids = {}
  for _, task in ipairs(taken) do
    ids[#ids + 1] = task.id
  end
  if #ids > 0 then
    redis.call('HSET', CLAIMS, name, table.concat(ids, FIELD))
  end
end

local function next_moment()
  local soonest = 0
  for _, key in ipairs({ DELAYED, LEASES }) do
    local moment = tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2] or 0)
    if moment > 0 and (soonest == 0 or moment < soonest) then
      soonest = moment
    end
  end
  return soonest == 0 and -1 or math.max(soonest - NOW, 0)
end

local function claim(name, most, lease)
  reap(20)
  promote(100)
  local ends = NOW + lease
  local taken = taken_before(name, ends)
  if #taken == 0 and redis.call('HEXISTS', CONTROL, 'p*') == 0 then
    while #taken < most do
      local task = serve(name, ends)
      if not task then
        break
      end
      taken[#taken + 1] = task
    end
    note_claim(name, taken)
  end
  local told = {}
  for _, task in ipairs(taken) do
    told[#told + 1] = { task.id, task.lane }
  end
  return { told, whole(next_moment()) }
end
