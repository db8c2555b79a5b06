local function settle_with_care(id, is_over, due)
  local places = open_places()
  local known = places.records.load(id)
  if is_over then
    places.forget(known)
  else
    places.leave(known)
    if due > NOW then
      places.delay(known, due)
    else
      places.place(known)
    end
  end
  places.lanes.write()
end

local function is_alone(conversation, id)
  return conversation == '' or call('HGET', RECORDS, 'c:' .. conversation) == '-' .. id
end

local function settle(at)
  local id, held_by, is_over, next_claim = ARGV[at], ARGV[at + 1], ARGV[at + 2] == 'done', ARGV[at + 4]
  local lane, task = ARGV[at + 7], 't:' .. id
  local found = call('HMGET', RECORDS, task, 'l:' .. lane, 'n:' .. lane, 'r:' .. lane, 'k:' .. next_claim, 'p*')
  local state, claimed_by, in_lane, conversation =
    string.match(found[1] or '', '^(%l)%d+\31([^\31]*)\31([^\31]*)\31(.*)$')
  local is_held = state == 'l' and claimed_by == held_by
  if is_held then
    local is_plain = is_over and in_lane == lane and found[3] ~= '1' and string.find(found[2], ' 0 0', -4, true)
    if is_plain and is_alone(conversation, id) then
      call('ZREM', MOMENTS, id)
      call('HSET', RECORDS, 'n:' .. lane, found[3] - 1, 'r:' .. lane, found[4] - 1)
      call('HDEL', RECORDS, task, 'k:' .. held_by, 'c:' .. conversation)
    else
      settle_with_care(id, is_over, tonumber(ARGV[at + 3]))
    end
  end
  local told, next_moment = {}, -1
  if next_claim ~= '' then
    local before = next_claim ~= held_by and found[5]
    told, next_moment = claim(next_claim, tonumber(ARGV[at + 5]), tonumber(ARGV[at + 6]), before, found[6])
  end
  return { is_held and 1 or 0, told, next_moment }
end

local answers = {}
for at = 4, #ARGV, 8 do
  answers[#answers + 1] = settle(at)
end
tell()
return answers
