local function open_turns()
  local turns = {}

  local function grow_old(lane, band, accepted)
    call('ZADD', TURNS, accepted + band * ARGV[2] - 2 ^ 53, '~' .. band .. lane)
  end

  function turns.first(lane, band)
    local prefix = lane .. GAP .. band
    local first = call('ZRANGEBYLEX', RUNNABLE, '[' .. prefix, '(' .. prefix .. '\255', 'LIMIT', 0, 1)[1]
    return first and string.sub(first, #prefix + 1, #prefix + 16)
  end

  function turns.enlist(lane, band)
    local name = band .. lane
    local idle = call('ZSCORE', TURNS, name)
    local virtual = call('HGET', RECORDS, 'v:' .. band) or band * STEP
    call('ZADD', TURNS, math.max(virtual, (idle or 0) - BANDS * STEP), name)
    is_news = true
  end

  function turns.retire(lane, band, tag)
    local name, from = band .. lane, (BANDS + band) * STEP
    call('ZREM', TURNS, '~' .. name)
    if call('ZRANGEBYSCORE', TURNS, band * STEP, (band + 1) * STEP - 1, 'LIMIT', 0, 2)[2] then
      local virtual = call('HGET', RECORDS, 'v:' .. band) or band * STEP
      call('ZREMRANGEBYSCORE', TURNS, from, virtual + BANDS * STEP)
      call('ZADD', TURNS, tag + BANDS * STEP, name)
    else
      call('ZREM', TURNS, name)
      call('ZREMRANGEBYSCORE', TURNS, from, from + STEP - 1)
      call('HDEL', RECORDS, 'v:' .. band)
    end
  end

  function turns.close(lane)
    local tags = call('ZMSCORE', TURNS, '0' .. lane, '1' .. lane, '2' .. lane, '3' .. lane)
    for band = 0, BANDS - 1 do
      local tag = tonumber(tags[band + 1] or BANDS * STEP)
      if tag < BANDS * STEP then
        turns.retire(lane, band, tag)
      end
    end
  end

  function turns.open(lane)
    for band = 0, BANDS - 1 do
      local first = turns.first(lane, band)
      if first then
        grow_old(lane, band, first)
        turns.enlist(lane, band)
      end
    end
  end

  function turns.leave(lane, band)
    local first = turns.first(lane, band)
    if first then
      grow_old(lane, band, first)
    else
      local tag = call('ZSCORE', TURNS, band .. lane)
      if tag and tonumber(tag) < BANDS * STEP then
        turns.retire(lane, band, tag)
      end
    end
  end

  return turns
end
