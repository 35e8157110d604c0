-- The stamp of some tags, and the value that was computed under it; or whether the caller shall compute it.
-- KEYS: epoch, leases, clock, value, flight, versions…
-- ARGV: member, nonce, lifetime of versions in ms, flight in ms (0: none)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- Whoever stopped renewing may have committed what it could not invalidate. On a clock that went back, or where the
-- caller's own lease is gone, nobody knows who did.
local seen = tonumber(redis.call('GET', KEYS[3]) or now)
local own = tonumber(redis.call('ZSCORE', KEYS[2], ARGV[1]) or 0)
local is_member = own > now
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if now < seen or not is_member or tonumber(first[2]) <= now then
  redis.call('SET', KEYS[1], ARGV[2])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
end
if not is_member then
  return {}
end

-- A server that was restarted, or took over from another one, may have lost the last invalidations.
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local epoch = redis.call('GET', KEYS[1])
if not epoch then
  epoch = ARGV[2]
  redis.call('SET', KEYS[1], epoch)
end
local parts = {run, epoch}
for place = 6, #KEYS do
  local version = redis.call('GET', KEYS[place])
  if not version then
    version = ARGV[2]
    redis.call('SET', KEYS[place], version, 'PX', ARGV[3])
  end
  parts[#parts + 1] = version
end
local stamp = redis.sha1hex(table.concat(parts, ' '))

local value = redis.call('GET', KEYS[4])
if value and string.sub(value, 1, 40) == stamp then
  return {stamp, string.sub(value, 41), redis.call('PTTL', KEYS[4]), 0}
end
local leads = ARGV[4] == '0' or redis.call('SET', KEYS[5], ARGV[2], 'NX', 'PX', ARGV[4])
return {stamp, false, 0, leads and 1 or 0}
