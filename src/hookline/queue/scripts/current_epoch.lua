local function current_epoch(key, fresh)
  redis.call('SET', key, fresh, 'NX')
  local info = redis.pcall('INFO', 'server')
  local run_id = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
  return redis.call('GET', key) .. ':' .. run_id
end
