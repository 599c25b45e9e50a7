-- Gives up a key that we hold, unless somebody else holds it by now.
--
-- KEYS[1]  the key
-- ARGV[1]  what we wrote into it
-- Result   1, or 0 if it was not ours any more

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
