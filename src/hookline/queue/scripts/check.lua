local lanes, tasks, turns = call('SMEMBERS', LANES), 0, open_turns()

local function is_missed(lane)
  local terms, running = unpack(call('HMGET', RECORDS, 'l:' .. lane, 'r:' .. lane))
  local cap, paused = string.match(terms or '8192 0 0', ' (%d+) (%d)$')
  local is_open = paused == '0' and (cap == '0' or tonumber(running or 0) < tonumber(cap))
  for band = 0, BANDS - 1 do
    if is_open and turns.first(lane, band) and not call('ZSCORE', TURNS, '~' .. band .. lane) then
      return true
    end
  end
  return false
end

local function have_turns()
  if call('EXISTS', TURNS) == 1 or call('EXISTS', RUNNABLE) == 0 then
    return true
  end
  for _, lane in ipairs(lanes) do
    if is_missed(lane) then
      return false
    end
  end
  return true
end

for first = 1, #lanes, 4000 do
  local fields = {}
  for at = first, math.min(first + 3999, #lanes) do
    fields[#fields + 1] = 'n:' .. lanes[at]
  end
  for _, count in ipairs(call('HMGET', RECORDS, unpack(fields))) do
    tasks = tasks + (count or 0)
  end
end
local kept = call('ZCARD', RUNNABLE) + call('ZCARD', MOMENTS) + call('ZCARD', FOLLOWERS) / 2
local is_whole = tasks == kept and have_turns()
if not is_whole then
  call('DEL', unpack(KEYS))
end
return is_whole and 1 or 0
