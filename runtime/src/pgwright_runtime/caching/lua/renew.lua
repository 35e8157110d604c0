-- Renew a lease until a moment of the server's clock, and tell which tables are cached since when.
-- KEYS: epoch, leases, clock, tables
-- ARGV: member, nonce, until in ms (0: a first lease, from now on), its length in ms, 1: forget all values, tables…
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local seen = tonumber(redis.call('GET', KEYS[3]) or now)
local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
if now < seen then
  redis.call('DEL', KEYS[1], KEYS[2], KEYS[4])
elseif ARGV[5] == '1' or (first[2] and tonumber(first[2]) <= now) then
  redis.call('SET', KEYS[1], ARGV[2])
  redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
end
redis.call('SET', KEYS[3], now)
local ends = tonumber(ARGV[3])
if ends == 0 then
  ends = now + ARGV[4]
elseif ends <= now then
  return {now, 0, {}}
end
redis.call('ZADD', KEYS[2], ends, ARGV[1])
for place = 6, #ARGV do
  redis.call('ZADD', KEYS[4], 'NX', now, ARGV[place])
end
return {now, ends, redis.call('ZRANGE', KEYS[4], 0, -1, 'WITHSCORES')}
