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
  local records, shelves, turn = open_records(), open_shelves(), nil

  local function begin_turn()
    turn = ask_turn()
    if turn then
      shelves.look(turn, records)
      local cost, cap = string.match(records.read('l:' .. turn.lane), '^(%d+) (%d+)')
      turn.cost, turn.cap = tonumber(cost), tonumber(cap)
      turn.running, turn.gone = tonumber(records.read('r:' .. turn.lane) or 0), 0
    end
    return turn
  end

  local function end_turn()
    if not turn then
      return
    end
    records.add('w:' .. turn.name, -turn.gone)
    records.put('r:' .. turn.lane, turn.running)
    if turn.is_fair then
      records.put('v:' .. turn.band, turn.tag - turn.cost)
    end
    if turn.second then
      local accepted = string.sub(turn.second, #turn.prefix + 1, #turn.prefix + 16)
      local aged = accepted + turn.band * ARGV[2] - 2 ^ 53
      call('ZADD', TURNS, turn.tag, turn.name, aged, '~' .. turn.name)
    end
    turn = nil
  end

  local function change_turns(change, ...)
    end_turn()
    records.write_ranks(RUNNABLE)
    records.write()
    change(...)
    records = open_records()
  end

  local function lease(claim, first)
    local id = string.sub(first, #turn.prefix + 17)
    local field = 't:' .. id
    local task = records.read(field)
    local band = string.sub(task, 2, 2)
    records.put(field, 'l' .. string.sub(task, 2, 20) .. claim .. string.sub(task, 21))
    records.rank(RUNNABLE, first, false)
    if band == turn.band then
      turn.gone = turn.gone + 1
    else
      records.add('w:' .. band .. turn.lane, -1)
    end
    turn.running = turn.running + 1
    return id
  end

  local function pass_turn()
    local lane, is_full = turn.lane, turn.cap ~= 0 and turn.running >= turn.cap
    turn.tag = turn.tag + turn.cost
    if not turn.second then
      change_turns(open_turns().retire, lane, turn.band, turn.tag)
    elseif turn.tag >= turn.lasts then
      end_turn()
    end
    if is_full then
      change_turns(open_turns().close, lane)
    end
  end

  local function serve(claim)
    if not (turn or begin_turn()) then
      return nil
    end
    local lane, first = turn.lane, nil
    first, turn.second = shelves.next_two(turn, records)
    local id = lease(claim, first)
    pass_turn()
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
    end_turn()
    records.write_ranks(RUNNABLE)
    records.write()
  end

  return serving
end
