local file, length, again

function init(arguments)
  file = io.open(arguments[1], "rb")
  length = tonumber(arguments[2])
  again = arguments[3] == "again"
end

function request()
  local whole = file:read(length)
  if whole == nil and again then
    file:seek("set", 0)
    whole = file:read(length)
  end
  return whole or wrk.format("GET", "/exhausted")
end
