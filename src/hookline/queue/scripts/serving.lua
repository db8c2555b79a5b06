local function next_turn()
  local fairest = call('ZRANGEBYSCORE', TURNS, 0, BANDS * STEP - 1, 'WITHSCORES', 'LIMIT', 0, 1)
  local name = fairest[1]
  if not name then
    return nil
  end
  local oldest = call('ZRANGE', TURNS, 0, 0)[1]
  if string.sub(oldest, 2, 2) > string.sub(name, 1, 1) then
    name = string.sub(oldest, 2)
    return name, call('ZSCORE', TURNS, name), false
  end
  return name, fairest[2], true
end

local function lease(claim, ids, most, id, lane, name)
  local band, waiting = string.sub(name, 1, 1), 'w:' .. name
  local found = call('HMGET', RECORDS, 't:' .. id, 'l:' .. lane, 'r:' .. lane, waiting)
  local task, running, left = found[1], (found[3] or 0) + 1, found[4]
  if string.sub(task, 2, 2) ~= band then
    waiting = 'w:' .. string.sub(task, 2, 2) .. lane
    left = call('HGET', RECORDS, waiting)
  end
  local leased = 'l' .. string.sub(task, 2, 20) .. claim .. string.sub(task, 21)
  local words = { 't:' .. id, leased, 'r:' .. lane, running, waiting, left - 1 }
  ids[#ids + 1] = id
  if #ids == most then
    words[7], words[8] = 'k:' .. claim, table.concat(ids, FIELD)
  end
  return words, found[2], running
end

local function serve(claim, ids, most)
  local name, tag, is_fair = next_turn()
  if not name then
    return nil
  end
  local band, lane = string.sub(name, 1, 1), string.sub(name, 2)
  local prefix = lane .. GAP .. band
  local found = call('ZRANGEBYLEX', RUNNABLE, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, 2)
  local first, second = found[1], found[2]
  local words, terms, running = lease(claim, ids, most, string.sub(first, #prefix + 17), lane, name)
  if is_fair then
    words[#words + 1], words[#words + 2] = 'v:' .. band, tag
  end
  call('HSET', RECORDS, unpack(words))
  call('ZREM', RUNNABLE, first)
  tag = tag + string.match(terms, '^%d+')
  if second then
    local aged = string.sub(second, #prefix + 1, #prefix + 16) + band * ARGV[2] - 2 ^ 53
    call('ZADD', TURNS, tag, name, aged, '~' .. name)
  else
    open_turns().retire(lane, band, tag)
  end
  local cap = string.match(terms, ' (%d+)')
  if cap ~= '0' and running >= tonumber(cap) then
    open_turns().close(lane)
  end
  return lane
end

local function take(claim, most, ends)
  local told, ids, leases = {}, {}, {}
  while #told < most do
    local lane = serve(claim, ids, most)
    if not lane then
      break
    end
    told[#ids] = { ids[#ids], lane }
    leases[2 * #ids - 1], leases[2 * #ids] = ends, ids[#ids]
  end
  if #ids > 0 then
    call('ZADD', MOMENTS, unpack(leases))
  end
  if #ids > 0 and #ids < most then
    call('HSET', RECORDS, 'k:' .. claim, table.concat(ids, FIELD))
  end
  return told
end

local function taken_before(claim, ids, ends)
  local told = {}
  for id in string.gmatch(ids, '[^\31]+') do
    local state, held_by, lane =
      string.match(call('HGET', RECORDS, 't:' .. id) or '', '^(%l)%d+\31([^\31]*)\31([^\31]*)')
    if state == 'l' and held_by == claim then
      call('ZADD', MOMENTS, ends, id)
      told[#told + 1] = { id, lane }
    end
  end
  return told
end

local function wake(most)
  local places, fields = open_places(), {}
  local records, over = places.records, call('ZRANGEBYSCORE', MOMENTS, '-inf', NOW, 'LIMIT', 0, most)
  for at, id in ipairs(over) do
    fields[at] = 't:' .. id
  end
  records.fetch(fields)
  for _, id in ipairs(over) do
    local task = records.load(id)
    places.leave(task)
    places.place(task)
  end
  places.lanes.write()
end

local function next_moment()
  return tonumber(call('ZRANGE', MOMENTS, 0, 0, 'WITHSCORES')[2] or 2 ^ 53)
end

local function claim(name, most, span, before, is_paused)
  local soonest, ends, told = next_moment(), NOW + span, {}
  if soonest <= NOW then
    wake(100)
    soonest, before = next_moment(), call('HGET', RECORDS, 'k:' .. name)
  end
  if before then
    told = taken_before(name, before, ends)
    soonest = next_moment()
  end
  if #told == 0 and not is_paused then
    told = take(name, most, ends)
  end
  soonest = #told > 0 and math.min(soonest, ends) or soonest
  return told, soonest < 2 ^ 53 and math.max(soonest - NOW, 0) or -1
end
