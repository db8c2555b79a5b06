local places, removed, fields = open_places(), 0, {}
for at = 4, #ARGV do
  fields[#fields + 1] = 't:' .. ARGV[at]
end
places.records.fetch(fields)
for at = 4, #ARGV do
  local task = places.records.load(ARGV[at])
  if task then
    places.forget(task)
    removed = removed + 1
  end
end
places.lanes.write()
tell()
return removed
