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

local function open_serving()
  local serving, answered, soonest = {}, {}, next_moment()
  local has_woken = soonest <= NOW
  if has_woken then
    wake(100)
    soonest = next_moment()
  end
  local records = open_records()

  local function change_turns(change, ...)
    records.write()
    change(...)
    records = open_records()
  end

  local function lease(claim, id, lane, name)
    local field, waiting, running = 't:' .. id, 'w:' .. name, 'r:' .. lane
    records.fetch({ field, 'l:' .. lane, running, waiting })
    local task = records.read(field)
    local band = string.sub(task, 2, 2)
    if band ~= string.sub(name, 1, 1) then
      waiting = 'w:' .. band .. lane
    end
    records.put(field, 'l' .. string.sub(task, 2, 20) .. claim .. string.sub(task, 21))
    records.add(waiting, -1)
    records.add(running, 1)
    return records.read('l:' .. lane), records.read(running)
  end

  local function serve(claim)
    local name, tag, is_fair = next_turn()
    if not name then
      return nil
    end
    local band, lane = string.sub(name, 1, 1), string.sub(name, 2)
    local prefix = lane .. GAP .. band
    local found = call('ZRANGEBYLEX', RUNNABLE, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, 2)
    local first, second = found[1], found[2]
    local id = string.sub(first, #prefix + 17)
    local terms, running = lease(claim, id, lane, name)
    if is_fair then
      records.put('v:' .. band, tag)
    end
    call('ZREM', RUNNABLE, first)
    tag = tag + string.match(terms, '^%d+')
    if second then
      local aged = string.sub(second, #prefix + 1, #prefix + 16) + band * ARGV[2] - 2 ^ 53
      call('ZADD', TURNS, tag, name, aged, '~' .. name)
    else
      change_turns(open_turns().retire, lane, band, tag)
    end
    local cap = string.match(terms, ' (%d+)')
    if cap ~= '0' and running >= tonumber(cap) then
      change_turns(open_turns().close, lane)
    end
    return id, lane
  end

  local function take(claim, most)
    local told, ids = {}, {}
    while #told < most do
      local id, lane = serve(claim)
      if not id then
        break
      end
      ids[#ids + 1], told[#told + 1] = id, { id, lane }
    end
    if #ids > 0 then
      records.put('k:' .. claim, table.concat(ids, FIELD))
    end
    return told
  end

  local function taken_before(claim)
    local told = {}
    for id in string.gmatch(records.read('k:' .. claim) or '', '[^\31]+') do
      local state, held_by, lane =
        string.match(records.read('t:' .. id) or '', '^(%l)%d+\31([^\31]*)\31([^\31]*)')
      if state == 'l' and held_by == claim then
        told[#told + 1] = { id, lane }
      end
    end
    return told
  end

  local function lease_until(ends, told)
    for _, each in ipairs(told) do
      records.rank(MOMENTS, each[1], ends)
    end
  end

  function serving.claim(wish, before, is_paused)
    local ends, told = NOW + wish.span, {}
    if before or has_woken or answered[wish.claim] then
      told = taken_before(wish.claim)
      lease_until(ends, told)
      records.write_ranks(MOMENTS)
      soonest = next_moment()
    end
    answered[wish.claim] = true
    if #told == 0 and not is_paused then
      told = take(wish.claim, wish.most)
      lease_until(ends, told)
    end
    soonest = #told > 0 and math.min(soonest, ends) or soonest
    return told, soonest < 2 ^ 53 and math.max(soonest - NOW, 0) or -1
  end

  function serving.write()
    records.write()
  end

  return serving
end
