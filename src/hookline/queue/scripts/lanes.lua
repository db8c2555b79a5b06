local function open_lanes(records)
  local lanes, known = {}, {}

  local function is_open(lane)
    return not lane.is_paused and (lane.cap == 0 or tonumber(records.read('r:' .. lane.name) or 0) < lane.cap)
  end

  function lanes.at(name)
    local lane = known[name]
    if not lane then
      local text = records.read('l:' .. name)
      local cost, cap, paused = string.match(text or '8192 0 0', '^(%d+) (%d+) (%d)$')
      lane = {
        name = name, cost = cost, cap = tonumber(cap), is_paused = paused == '1', was_there = text,
        came = {}, left = {},
      }
      lane.was_open = is_open(lane)
      known[name] = lane
    end
    return lane
  end

  function lanes.heed(name, terms)
    local lane = lanes.at(name)
    if lane.cost .. ' ' .. lane.cap ~= terms then
      local cost, cap = string.match(terms, '^(%d+) (%d+)$')
      lane.cost, lane.cap = cost, tonumber(cap)
    end
  end

  function lanes.run(name, change)
    lanes.at(name)
    records.add('r:' .. name, change)
  end

  function lanes.shelve(task)
    local lane, accepted = lanes.at(task.lane), tonumber(task.accepted)
    records.rank(RUNNABLE, task.lane .. GAP .. task.lent .. task.accepted .. task.id, 0)
    lane.came[task.lent] = math.min(accepted, lane.came[task.lent] or accepted)
  end

  function lanes.unshelve(task)
    records.rank(RUNNABLE, task.lane .. GAP .. task.lent .. task.accepted .. task.id, false)
    lanes.at(task.lane).left[task.lent] = true
  end

  local function review(lane)
    local opened = is_open(lane)
    if opened and not lane.was_open then
      open_turns().open(lane.name)
    elseif lane.was_open and not opened then
      open_turns().close(lane.name)
    elseif opened then
      for band, accepted in pairs(lane.came) do
        local aged = accepted + band * ARGV[2] - 2 ^ 53
        if call('ZADD', TURNS, 'LT', aged, '~' .. band .. lane.name) == 1 then
          open_turns().enlist(lane.name, band)
        end
        is_news = true
      end
      for band in pairs(lane.left) do
        open_turns().leave(lane.name, band)
      end
    end
  end

  local function write(lane)
    local is_there = lane.is_paused or records.read('n:' .. lane.name)
    local text = is_there and lane.cost .. ' ' .. lane.cap .. (lane.is_paused and ' 1' or ' 0')
    records.put('l:' .. lane.name, text)
    if not is_there then
      for band = 0, BANDS - 1 do
        records.put('w:' .. band .. lane.name, false)
      end
      records.put('r:' .. lane.name, false)
      call('SREM', LANES, lane.name)
    elseif not lane.was_there then
      call('SADD', LANES, lane.name)
    end
  end

  function lanes.write()
    records.write_ranks(RUNNABLE)
    for _, lane in pairs(known) do
      review(lane)
      write(lane)
    end
    known = {}
    records.write()
  end

  return lanes
end
