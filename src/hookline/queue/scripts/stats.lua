local turns, rows, running = open_turns(), {}, {}
for _, lane in ipairs(call('SMEMBERS', LANES)) do
  local found =
    call('HMGET', RECORDS, 'w:0' .. lane, 'w:1' .. lane, 'w:2' .. lane, 'w:3' .. lane, 'r:' .. lane)
  for band = 0, BANDS - 1 do
    local waiting = tonumber(found[band + 1] or 0)
    if waiting > 0 then
      local first = ARGV[4] == '1' and turns.first(lane, band)
      rows[#rows + 1] = { band, lane, waiting, first and tonumber(first) or -1 }
    end
  end
  if tonumber(found[5] or 0) > 0 then
    running[#running + 1] = { lane, tonumber(found[5]) }
  end
end
return { rows, running }
