local unknown, ends = {}, NOW + tonumber(ARGV[4])
for at = 5, #ARGV, 2 do
  local id, claim_name = ARGV[at], ARGV[at + 1]
  local task = load(id)
  if task and task.state == 'l' and task.claim == claim_name then
    redis.call('ZADD', LEASES, ends, id)
    redis.call('HDEL', CLAIMS, claim_name)
  else
    unknown[#unknown + 1] = id
  end
end
return unknown
