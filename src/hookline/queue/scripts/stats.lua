local rows, running = {}, {}
local depth = redis.call('HGETALL', DEPTH)
for at = 1, #depth, 2 do
  local band, lane = string.sub(depth[at], 1, 1), string.sub(depth[at], 2)
  local first = first_with(READY, lane .. GAP .. band)
  rows[#rows + 1] = { band, lane, depth[at + 1], first and string.sub(first, #lane + 3, #lane + 18) or '' }
end
local control = redis.call('HGETALL', CONTROL)
for at = 1, #control, 2 do
  if string.sub(control[at], 1, 2) == 'r:' then
    running[#running + 1] = { string.sub(control[at], 3), control[at + 1] }
  end
end
return { rows, running }
