-- A server expects a place: from then on it takes what this attempt puts there (put.lua), and nothing of an earlier one.
--
-- KEYS     the map; the key that says what has arrived of the place
-- ARGV[1]  the place
-- ARGV[2]  what the map says of it, empty: nothing. If it says something else, the place may be here by now
-- ARGV[3]  the token of the attempt
-- Result   1, or 0 if the map says something else

if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[2], ARGV[3])
return 1
