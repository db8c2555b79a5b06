local function spread(command, key, words)
  for at = 1, #words, 4000 do
    call(command, key, unpack(words, at, math.min(at + 3999, #words)))
  end
end

local function open_records()
  local records, known, fresh, tasks = {}, {}, {}, {}
  local sets = { [RUNNABLE] = {}, [MOMENTS] = {}, [FOLLOWERS] = {} }

  function records.fetch(fields)
    local missing = {}
    for at = 1, #fields do
      local field = fields[at]
      if known[field] == nil then
        known[field] = false
        missing[#missing + 1] = field
      end
    end
    for at = 1, #missing, 4000 do
      local upto = math.min(at + 3999, #missing)
      local values = call('HMGET', RECORDS, unpack(missing, at, upto))
      for offset = 0, upto - at do
        known[missing[at + offset]] = values[1 + offset]
      end
    end
  end

  function records.read(field)
    local text = known[field]
    if text == nil then
      text = call('HGET', RECORDS, field)
      known[field] = text
    end
    return text
  end

  function records.put(field, text)
    if known[field] ~= text then
      known[field], fresh[field] = text, text
    end
  end

  function records.add(field, change)
    if change == 0 then
      return
    end
    local number = (records.read(field) or 0) + change
    records.put(field, number ~= 0 and number)
  end

  function records.load(id)
    local task = tasks[id]
    if task then
      return task
    end
    local text = records.read('t:' .. id)
    if not text then
      return nil
    end
    local state, band, lent, accepted, claim, lane, conversation =
      string.match(text, '^(%l)(%d)(%d)(%d+)\31([^\31]*)\31([^\31]*)\31(.*)$')
    task = {
      id = id, state = state, band = band, lent = lent, accepted = accepted, claim = claim, lane = lane,
      conversation = conversation,
    }
    tasks[id] = task
    return task
  end

  function records.save(task)
    tasks[task.id] = task
    local head = task.state .. task.band .. task.lent .. task.accepted
    local names = FIELD .. task.claim .. FIELD .. task.lane .. FIELD .. task.conversation
    records.put('t:' .. task.id, head .. names)
  end

  function records.erase(task)
    tasks[task.id] = nil
    records.put('t:' .. task.id, false)
  end

  function records.rank(key, member, score)
    sets[key][member] = score
  end

  function records.write_ranks(key)
    if next(sets[key]) == nil then
      return
    end
    local kept, gone = {}, {}
    for member, score in pairs(sets[key]) do
      if score then
        kept[#kept + 1], kept[#kept + 2] = score, member
      else
        gone[#gone + 1] = member
      end
    end
    sets[key] = {}
    spread('ZADD', key, kept)
    spread('ZREM', key, gone)
  end

  function records.write()
    local set, gone = {}, {}
    for field, text in pairs(fresh) do
      if text then
        set[#set + 1], set[#set + 2] = field, text
      else
        gone[#gone + 1] = field
      end
    end
    fresh = {}
    spread('HSET', RECORDS, set)
    spread('HDEL', RECORDS, gone)
    records.write_ranks(MOMENTS)
    records.write_ranks(FOLLOWERS)
  end

  return records
end
