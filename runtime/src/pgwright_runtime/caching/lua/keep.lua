-- Store a value if its stamp still holds, and end the flight.
-- KEYS: epoch, value, flight, versions…
-- ARGV: stamp, value, its lifetime in ms, lifetime of versions in ms
redis.call('DEL', KEYS[3])
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  return 0
end
local parts = {string.match(redis.call('INFO', 'server'), 'run_id:(%x+)'), epoch}
for place = 4, #KEYS do
  local version = redis.call('GETEX', KEYS[place], 'PX', ARGV[4])
  if not version then
    return 0
  end
  parts[#parts + 1] = version
end
if redis.sha1hex(table.concat(parts, ' ')) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[2], ARGV[1] .. ARGV[2], 'PX', ARGV[3])
return 1
