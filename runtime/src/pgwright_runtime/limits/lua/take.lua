-- Count a request by all of its rules, or by none if one of them has no room for it.
-- KEYS: a list for each rule
-- ARGV: slots of a window; then for each rule: limit, window in microseconds, cost
-- Returns for each rule: whether it had room, what is left, microseconds to wait for more
--
-- An element is "slot:sum", all that was ever taken up to the end of that slot. The first one is no longer of the
-- window, so what is used is the last sum less the first one. The slot that a window begins in counts as a whole.
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local slots = tonumber(ARGV[1])

local function parsed(element)
  local slot, sum = string.match(element, '(%d+):(%d+)')
  return tonumber(slot), tonumber(sum)
end

local function element(slot, sum)
  return string.format('%.0f:%.0f', slot, sum)
end

-- Drops what is older than the window. Returns the slot of now, the first sum, the last slot and the last sum.
local function read(key, width)
  local slot = math.floor(now / width)
  local last = redis.call('LINDEX', key, -1)
  if not last then
    return slot, 0, nil, 0
  end
  local last_slot, last_sum = parsed(last)
  -- A clock that went back by less than a window stands still for that long; by more, the list is of no use.
  if last_slot < slot - slots or last_slot > slot + slots then
    redis.call('DEL', key)
    return slot, 0, nil, 0
  end
  slot = math.max(slot, last_slot)
  local _, first_sum = parsed(redis.call('LINDEX', key, 0))
  while true do
    local next_slot, next_sum = parsed(redis.call('LINDEX', key, 1))
    if next_slot >= slot - slots then
      return slot, first_sum, last_slot, last_sum
    end
    redis.call('LPOP', key)
    first_sum = next_sum
  end
end

-- The end of the first slot by whose end a sum is reached, as microseconds from now. Mostly that is the first one.
local function wait(key, sum, width)
  local low, high = 1, redis.call('LLEN', key) - 1
  local probe = low
  while low < high do
    local _, reached = parsed(redis.call('LINDEX', key, probe))
    if reached >= sum then
      high = probe
    else
      low = probe + 1
    end
    probe = math.floor((low + high) / 2)
  end
  local slot = parsed(redis.call('LINDEX', key, low))
  return math.min(math.ceil((slot + slots + 1) * width - now), math.ceil((slots + 1) * width))
end

local rules, is_allowed = {}, true
for place, key in ipairs(KEYS) do
  local limit, window, cost = tonumber(ARGV[3 * place - 1]), tonumber(ARGV[3 * place]), tonumber(ARGV[3 * place + 1])
  local width = window / slots
  local slot, first_sum, last_slot, last_sum = read(key, width)
  local has_room = cost == 0 or last_sum - first_sum + cost <= limit
  is_allowed = is_allowed and has_room
  rules[place] = {key, limit, window, cost, width, slot, first_sum, last_slot, last_sum, has_room}
end

local answer = {}
for place, rule in ipairs(rules) do
  local key, limit, window, cost, width, slot, first_sum, last_slot, last_sum, has_room = unpack(rule)
  if is_allowed and cost > 0 then
    last_sum = last_sum + cost
    if not last_slot then
      redis.call('RPUSH', key, element(0, 0), element(slot, last_sum))
    elseif last_slot == slot then
      redis.call('LSET', key, -1, element(slot, last_sum))
    else
      redis.call('RPUSH', key, element(slot, last_sum))
    end
    last_slot = slot
    redis.call('PEXPIRE', key, math.ceil((window + 2 * width) / 1000))
  end
  local used, wait_us = last_sum - first_sum, window
  if last_slot and has_room then
    wait_us = wait(key, first_sum + 1, width)
  elseif last_slot and cost <= limit then
    wait_us = wait(key, last_sum + cost - limit, width)
  end
  answer[place] = {has_room and 1 or 0, math.max(0, limit - used), wait_us}
end
return answer
