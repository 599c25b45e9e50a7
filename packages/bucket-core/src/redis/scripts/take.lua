-- Values of strings and their expiries, as of one moment.
--
-- KEYS    the keys
-- Result  for each key: its value, or nil where there is no string; when it expires, Unix ms, 0: never

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local result, n = {}, 0
for i = 1, #KEYS do
  local value = redis.pcall('GET', KEYS[i])
  if type(value) == 'table' then value = false end
  result[n + 1], result[n + 2] = value, '0'
  if value then
    local left = redis.call('PTTL', KEYS[i])
    if left >= 0 then result[n + 2] = string.format('%.0f', now + left) end
  end
  n = n + 2
end
return result
