-- Sets an unreadable value aside, unless it is another by now.
--
-- KEYS[1]  the key
-- KEYS[2]  the key to keep the value under
-- KEYS[3]  of a head: the list of labs with late rows (late.lua)
-- ARGV[1]  the value as it was read; empty: it was of another type than a string
-- ARGV[2]  seconds for which it is kept
-- ARGV[3]  the head to put in its place; empty: nothing
-- ARGV[4]  when that expires, Unix seconds
-- ARGV[5]  the key of the stamp of the map, as in commit.lua; empty: there is no map
-- ARGV[6]  the stamp that the caller knows
-- Result   1, or 0 if nothing was done

if ARGV[5] ~= '' and (redis.call('GET', ARGV[5]) or '') ~= ARGV[6] then
  return redis.error_reply('ELSEWHERE the map has changed')
end
local value = redis.pcall('GET', KEYS[1])
if not value then return 0 end
if type(value) == 'table' then
  if not string.find(value.err, 'WRONGTYPE', 1, true) then error(value.err, 0) end
  if ARGV[1] ~= '' then return 0 end
elseif value ~= ARGV[1] then
  return 0
end
redis.call('RENAME', KEYS[1], KEYS[2])
redis.call('EXPIRE', KEYS[2], ARGV[2])
if ARGV[3] ~= '' then
  -- What was saved of a head may be older than what was folded.
  redis.pcall('ZADD', KEYS[3], 1, string.sub(KEYS[1], string.find(KEYS[1], '}:lab:', 1, true) + 6))
  redis.call('SET', KEYS[1], ARGV[3], 'EXAT', ARGV[4])
end
return 1
