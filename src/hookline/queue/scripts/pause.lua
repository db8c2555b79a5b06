local scope, is_paused = ARGV[4], ARGV[5] == '1'
local field = scope == '*' and 'p*' or 'p:' .. scope
if is_paused then
  redis.call('HSET', CONTROL, field, '1')
else
  redis.call('HDEL', CONTROL, field)
end
if scope ~= '*' then
  review(scope)
end
is_news = not is_paused
tell()
return 0
