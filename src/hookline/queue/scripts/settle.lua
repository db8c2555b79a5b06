local function wishes()
  local found = {}
  for at = 4, #ARGV, 8 do
    found[#found + 1] = {
      id = ARGV[at], held_by = ARGV[at + 1], is_over = ARGV[at + 2] == 'done', due = tonumber(ARGV[at + 3]),
      claim = ARGV[at + 4], most = tonumber(ARGV[at + 5]), span = tonumber(ARGV[at + 6]), lane = ARGV[at + 7],
    }
  end
  return found
end

local function standing(records, id)
  return string.match(records.read('t:' .. id) or '', '^(%l)%d+\31([^\31]*)\31([^\31]*)\31(.*)$')
end

local function fetch_for(records, wished)
  local fields, lane = { 'p*' }, nil
  for _, wish in ipairs(wished) do
    local at = #fields
    fields[at + 1], fields[at + 2] = 't:' .. wish.id, 'k:' .. wish.claim
    if wish.lane ~= lane then
      lane = wish.lane
      fields[at + 3], fields[at + 4], fields[at + 5] = 'l:' .. lane, 'n:' .. lane, 'r:' .. lane
    end
  end
  records.fetch(fields)
  fields = {}
  for _, wish in ipairs(wished) do
    wish.state, wish.claimed_by, wish.in_lane, wish.conversation = standing(records, wish.id)
    if (wish.conversation or '') ~= '' then
      fields[#fields + 1] = 'c:' .. wish.conversation
    end
  end
  records.fetch(fields)
end

local function is_held(wish, state, claimed_by)
  return state == 'l' and claimed_by == wish.held_by
end

local function open_plain_lanes(records)
  local plain, known = {}, {}

  function plain.at(name)
    local lane = known[name]
    if not lane then
      local terms, many = records.read('l:' .. name), tonumber(records.read('n:' .. name) or 0)
      lane = { most = terms and string.find(terms, ' 0 0', -4, true) and many - 1 or 0, ended = 0 }
      known[name] = lane
    end
    return lane
  end

  function plain.write()
    for name, lane in pairs(known) do
      records.add('n:' .. name, -lane.ended)
      records.add('r:' .. name, -lane.ended)
    end
  end

  return plain
end

local function is_plain(records, wish, lane)
  return wish.is_over and wish.in_lane == wish.lane and lane.ended < lane.most
    and (wish.conversation == '' or records.read('c:' .. wish.conversation) == '-' .. wish.id)
end

local function settle_with_care(wished)
  local places = open_places()
  for _, wish in ipairs(wished) do
    local known = places.records.load(wish.id)
    wish.was_held = known and is_held(wish, known.state, known.claim)
    if wish.was_held and wish.is_over then
      places.forget(known)
    elseif wish.was_held then
      places.leave(known)
      if wish.due > NOW then
        places.delay(known, wish.due)
      else
        places.place(known)
      end
    end
  end
  places.lanes.write()
end

local function settle(records, wished)
  local with_care, plain = {}, open_plain_lanes(records)
  for _, wish in ipairs(wished) do
    wish.was_held = records.read('t:' .. wish.id) and is_held(wish, wish.state, wish.claimed_by)
    local lane = wish.was_held and plain.at(wish.in_lane)
    if lane and is_plain(records, wish, lane) then
      lane.ended = lane.ended + 1
      records.rank(MOMENTS, wish.id, false)
      records.put('t:' .. wish.id, false)
      records.put('k:' .. wish.held_by, false)
      records.put('c:' .. wish.conversation, false)
    elseif wish.was_held then
      with_care[#with_care + 1] = wish
    end
  end
  plain.write()
  records.write()
  if #with_care > 0 then
    settle_with_care(with_care)
  end
end

local function serve_all(records, wished)
  local serving, answers = nil, {}
  for at, wish in ipairs(wished) do
    local told, next_moment = {}, -1
    if wish.claim ~= '' then
      serving = serving or open_serving()
      local before = wish.claim ~= wish.held_by and records.read('k:' .. wish.claim)
      told, next_moment = serving.claim(wish, before, records.read('p*'))
    end
    answers[at] = { wish.was_held and 1 or 0, told, next_moment }
  end
  if serving then
    serving.write()
  end
  return answers
end

local records, wished = open_records(), wishes()
fetch_for(records, wished)
settle(records, wished)
local answers = serve_all(records, wished)
tell()
return answers
