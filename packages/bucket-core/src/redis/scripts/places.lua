-- What a server keeps of the places that were moved, as of one moment.
--
-- KEYS[1]  stamp of the map
-- KEYS[2]  the map: a hash, for each place that was moved once what became of it (places/place-map.ts)
-- Result   the stamp, or an empty text; then places and what became of them

local result = redis.call('HGETALL', KEYS[2])
table.insert(result, 1, redis.call('GET', KEYS[1]) or '')
return result
