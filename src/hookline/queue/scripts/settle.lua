local task = load(ARGV[4])
local is_held = task and task.state == 'l' and task.claim == ARGV[5]
if is_held then
  if ARGV[6] == 'done' then
    forget(task)
  else
    leave(task)
    count(task.band .. task.lane, 1)
    local due = tonumber(ARGV[7])
    if due > NOW then
      delay(task, due)
    else
      place(task)
    end
  end
end
local taken = { {}, '-1' }
if ARGV[8] ~= '' then
  taken = claim(ARGV[8], tonumber(ARGV[9]), tonumber(ARGV[10]))
end
tell()
return { is_held and 1 or 0, taken[1], taken[2] }
