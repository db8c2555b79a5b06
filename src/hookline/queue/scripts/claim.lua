local taken = claim(ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]))
tell()
return taken
