local removed = 0
for at = 4, #ARGV do
  local task = load(ARGV[at])
  if task then
    forget(task)
    removed = removed + 1
  end
end
tell()
return removed
