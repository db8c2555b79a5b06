local function restore(task, known, claim, ends)
  if known then
    if task.state == 'l' then
      return
    end
    leave(task)
  end
  hold(task, claim, ends)
  own(task)
  occupy(task.lane)
end

local function take_in(row)
  local id, band, accepted, due, lane, conversation, lane_terms, lease_claim, lease_ends = unpack(row)
  if redis.call('HGET', CONTROL, 'w:' .. lane) ~= lane_terms then
    redis.call('HSET', CONTROL, 'w:' .. lane, lane_terms)
    is_news = review(lane) or is_news
  end
  local task = load(id)
  local known = task ~= nil
  if not known then
    task = {
      id = id, state = 'n', band = band, lent = band, accepted = accepted, claim = '', lane = lane,
      conversation = conversation,
    }
    redis.call('HINCRBY', CONTROL, 'n:' .. lane, 1)
  end
  if lease_claim ~= '' then
    restore(task, known, lease_claim, tonumber(lease_ends))
  elseif not known then
    count(band .. lane, 1)
    if tonumber(due) > NOW then
      delay(task, tonumber(due))
    else
      place(task)
    end
  elseif task.state == 'd' then
    redis.call('ZADD', DELAYED, 'LT', tonumber(due), id)
    is_news = true
  end
end

for _, row in ipairs(cjson.decode(ARGV[5])) do
  take_in(row)
end
tell()
redis.call('HSETNX', CONTROL, 'epoch', ARGV[4])
return redis.call('HGET', CONTROL, 'epoch')
