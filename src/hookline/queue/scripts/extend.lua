local fields, extended, heard, unknown, ends = {}, {}, {}, {}, NOW + tonumber(ARGV[4])
for at = 5, #ARGV, 2 do
  fields[#fields + 1] = 't:' .. ARGV[at]
end
local found = #fields > 0 and call('HMGET', RECORDS, unpack(fields)) or {}
for at, task in ipairs(found) do
  local id, held_by = ARGV[2 * at + 3], ARGV[2 * at + 4]
  if task and string.sub(task, 1, 1) == 'l' and string.match(task, '\31([^\31]*)') == held_by then
    extended[#extended + 1], extended[#extended + 2] = ends, id
    heard[#heard + 1] = 'k:' .. held_by
  else
    unknown[#unknown + 1] = id
  end
end
if #heard > 0 then
  call('ZADD', MOMENTS, unpack(extended))
  call('HDEL', RECORDS, unpack(heard))
end
return unknown
