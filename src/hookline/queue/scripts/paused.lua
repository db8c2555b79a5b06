local scopes, lanes = {}, call('SMEMBERS', LANES)
if call('HEXISTS', RECORDS, 'p*') == 1 then
  scopes[1] = '*'
end
for _, lane in ipairs(lanes) do
  if string.match(call('HGET', RECORDS, 'l:' .. lane) or '', ' 1$') then
    scopes[#scopes + 1] = lane
  end
end
return scopes
