local function turn_of(name, tag, lasts)
  local band, lane = string.sub(name, 1, 1), string.sub(name, 2)
  return { name = name, band = band, lane = lane, prefix = lane .. GAP .. band, tag = tag, lasts = lasts }
end

local function is_older_of_worse_band(entry, band)
  return (string.match(entry or '', '^~(%d)') or band) > band
end

local function ask_turn()
  local fair = call('ZRANGEBYSCORE', TURNS, 0, BANDS * STEP - 1, 'WITHSCORES', 'LIMIT', 0, 2)
  local name = fair[1]
  if not name then
    return nil
  end
  local band, old = string.sub(name, 1, 1), call('ZRANGE', TURNS, 0, 1)
  if is_older_of_worse_band(old[1], band) then
    name = string.sub(old[1], 2)
    return turn_of(name, call('ZSCORE', TURNS, name), 0)
  end
  local goes_once = old[1] == '~' .. name and is_older_of_worse_band(old[2], band)
  local turn = turn_of(name, fair[2], goes_once and 0 or tonumber(fair[4]) or math.huge)
  turn.is_fair = true
  return turn
end

local function open_shelves()
  local shelves, known = {}, {}

  local function refill(shelf, turn, records)
    local upto = '(' .. turn.prefix .. '\255'
    local found = call('ZRANGEBYLEX', RUNNABLE, shelf.from, upto, 'LIMIT', 0, shelf.most)
    for _, member in ipairs(found) do
      shelf[#shelf + 1] = member
    end
    shelf.is_whole, shelf.from, shelf.most = #found < shelf.most, '(' .. shelf[#shelf], shelf.most * 2
    local fields = { 'l:' .. turn.lane, 'r:' .. turn.lane, 'w:' .. turn.name }
    for at = math.max(shelf.at, 1), #shelf - (shelf.is_whole and 0 or 1) do
      fields[#fields + 1] = 't:' .. string.sub(shelf[at], #turn.prefix + 17)
    end
    records.fetch(fields)
  end

  function shelves.look(turn, records)
    if not known[turn.name] then
      known[turn.name] = { at = 0, most = 2, from = '[' .. turn.prefix, is_whole = false }
      refill(known[turn.name], turn, records)
    end
  end

  function shelves.next_two(turn, records)
    local shelf = known[turn.name]
    shelf.at = shelf.at + 1
    if shelf.at >= #shelf and not shelf.is_whole then
      refill(shelf, turn, records)
    end
    return shelf[shelf.at], shelf[shelf.at + 1]
  end

  return shelves
end
