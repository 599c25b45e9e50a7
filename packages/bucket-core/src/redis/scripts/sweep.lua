-- Removes labs from the indexes of a partition that are no more.
--
-- KEYS[1]  index by time
-- KEYS[2]  index by name
-- KEYS[3]  list of labs with late rows
-- ARGV[1]  labs from before this time, Unix seconds, are no more
-- ARGV[2]  how many to remove at most
-- Result   how many were removed

local gone = redis.call('ZRANGE', KEYS[1], '-inf', '(' .. ARGV[1], 'BYSCORE', 'LIMIT', 0, ARGV[2])
if #gone == 0 then return 0 end
redis.call('ZREM', KEYS[1], unpack(gone))
redis.call('ZREM', KEYS[2], unpack(gone))
redis.pcall('ZREM', KEYS[3], unpack(gone))
return #gone
