local records, scope, is_paused = open_records(), ARGV[4], ARGV[5] == '1'
if scope == '*' then
  records.put('p*', is_paused and '1')
  records.write()
else
  local lanes = open_lanes(records)
  lanes.at(scope).is_paused = is_paused
  lanes.write()
end
is_news = not is_paused
tell()
return 0
