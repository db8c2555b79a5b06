local places = open_places()
local records, lanes = places.records, places.lanes

local function restore(task, known, claim, ends)
  if task.state == 'l' then
    return
  end
  if known then
    places.leave(task)
  end
  task.state, task.claim = 'l', claim
  records.save(task)
  records.rank(MOMENTS, task.id, ends)
  lanes.run(task.lane, 1)
  places.own(task)
end

local function bring_forward(task, due)
  records.write_ranks(MOMENTS)
  call('ZADD', MOMENTS, 'LT', due, task.id)
  is_news = true
end

local function take_in(row)
  local id, band, accepted, due, lane, conversation, terms, lease_claim, lease_ends = unpack(row)
  lanes.heed(lane, terms)
  local known = records.load(id)
  local task = known or {
    id = id, state = 'n', band = band, lent = band, accepted = accepted, claim = '', lane = lane,
    conversation = conversation,
  }
  if not known then
    records.add('n:' .. lane, 1)
  end
  if lease_claim ~= '' then
    return restore(task, known, lease_claim, tonumber(lease_ends))
  end
  if task.band ~= band then
    places.rank_anew(task, band)
  end
  if task.state == 'd' then
    bring_forward(task, tonumber(due))
  elseif not known and tonumber(due) > NOW then
    places.delay(task, tonumber(due))
  elseif not known then
    places.place(task)
  end
end

local function fetch_for(rows)
  local fields = { 'epoch' }
  for _, row in ipairs(rows) do
    local lane, at = row[5], #fields
    fields[at + 1], fields[at + 2], fields[at + 3] = 't:' .. row[1], 'l:' .. lane, 'n:' .. lane
    fields[at + 4], fields[at + 5], fields[at + 6] = 'r:' .. lane, 'w:' .. row[2] .. lane, 'c:' .. row[6]
  end
  records.fetch(fields)
  fields = {}
  for _, row in ipairs(rows) do
    local owner_id = row[6] ~= '' and places.owner(row[6])
    if owner_id then
      fields[#fields + 1] = 't:' .. owner_id
    end
  end
  records.fetch(fields)
end

local rows = cjson.decode(ARGV[5])
fetch_for(rows)
for _, row in ipairs(rows) do
  take_in(row)
end
local epoch = records.read('epoch') or ARGV[4]
records.put('epoch', epoch)
lanes.write()
tell()
return epoch
