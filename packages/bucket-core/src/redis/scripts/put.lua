-- Puts values of a place that is expected, where they will be looked for.
--
-- KEYS[1]  the key that says what has arrived of the place
-- KEYS[2…] the keys
-- ARGV[1]  the token of the attempt
-- ARGV[2]  what KEYS[1] says from now on, if not empty
-- ARGV[3…] for each key: what it is: d nothing, s a string, z h l further members of a sorted set, a hash or a list; when it
--          expires, Unix ms, 0: no change; number of arguments; those, as SET, ZADD, HSET and RPUSH have them
-- Result   1, or 0 and nothing was done, if another attempt is expected, or none

local call, unpack = redis.call, unpack
if call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
local COMMANDS = { s = 'SET', z = 'ZADD', h = 'HSET', l = 'RPUSH' }
local a = 3
for k = 2, #KEYS do
  local key, what, expiry, count = KEYS[k], ARGV[a], ARGV[a + 1], tonumber(ARGV[a + 2])
  a = a + 3
  if what == 'd' then
    call('UNLINK', key)
  else
    if count > 0 then call(COMMANDS[what], key, unpack(ARGV, a, a + count - 1)) end
    if expiry ~= '0' then call('PEXPIREAT', key, expiry) end
  end
  a = a + count
end
if ARGV[2] ~= '' then call('SET', KEYS[1], ARGV[2]) end
return 1
