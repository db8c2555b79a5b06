local TASKS, READY, HEADS, OLDEST, IDLE, DELAYED, LEASES, CONVERSATIONS, BEHIND, LENT, CLAIMS, DEPTH, CONTROL =
  KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8], KEYS[9], KEYS[10], KEYS[11],
  KEYS[12], KEYS[13]
local CHANNEL, AGE, GIVEN_NOW = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local BANDS, STEP, FIELD, GAP = 4, 2 ^ 36, '\31', '\1'
local is_news = false

local function read_clock()
  if GIVEN_NOW > 0 then
    return GIVEN_NOW
  end
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local NOW = read_clock()

local function whole(number)
  return string.format('%.0f', number)
end

local function load(id)
  local record = redis.call('HGET', TASKS, id)
  if not record then
    return nil
  end
  local state, band, lent, accepted, claim, lane, conversation =
    string.match(record, '^(%l)(%d)(%d)(%d+)\31([^\31]*)\31([^\31]*)\31(.*)$')
  return {
    id = id,
    state = state,
    band = band,
    lent = lent,
    accepted = accepted,
    claim = claim,
    lane = lane,
    conversation = conversation,
  }
end

local function save(task)
  local head = task.state .. task.band .. task.lent .. task.accepted
  redis.call(
    'HSET', TASKS, task.id, head .. FIELD .. task.claim .. FIELD .. task.lane .. FIELD .. task.conversation
  )
end

local function first_with(key, prefix)
  return redis.call('ZRANGEBYLEX', key, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, 1)[1]
end

local function count(field, change)
  if redis.call('HINCRBY', DEPTH, field, change) == 0 then
    redis.call('HDEL', DEPTH, field)
  end
end

local function tally(field, change)
  local number = redis.call('HINCRBY', CONTROL, field, change)
  if number == 0 then
    redis.call('HDEL', CONTROL, field)
  end
  return number
end
