-- Deletes keys of a place that is elsewhere.
--
-- KEYS[1]  the map
-- KEYS[2…] the keys
-- ARGV[1]  the place
-- ARGV[2]  what the map says of it; if it says something else, the place may be here again
-- Result   1, or 0 and nothing was done, if the map says something else

if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
for i = 2, #KEYS do redis.call('UNLINK', KEYS[i]) end
return 1
