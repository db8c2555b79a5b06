local RECORDS, LANES, RUNNABLE, TURNS, MOMENTS, FOLLOWERS = unpack(KEYS)
local call, FIELD, GAP, BANDS, STEP = redis.call, '\31', '\1', 4, 2 ^ 49
local NOW, is_news = tonumber(ARGV[3]), false

if NOW == 0 then
  local time = call('TIME')
  NOW = time[1] * 1000000 + time[2]
end

local function tell()
  if is_news then
    call('PUBLISH', ARGV[1], 'w')
  end
end
