-- Changes what a server keeps of one place, unless it is something else by now. From then on, whoever knows the map before
-- writes nothing here (commit.lua, fold.lua, aside.lua, begin.lua), and believes nothing that was read here.
--
-- KEYS     stamp of the map, the map
-- ARGV[1]  the place
-- ARGV[2]  what the map says of it; empty: nothing
-- ARGV[3]  what it says from now on
-- ARGV[4]  the stamp from now on
-- Result   1, or 0 if it says something else by now

if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('SET', KEYS[1], ARGV[4])
return 1
