-- Makes newer what a server keeps of places that were moved. It takes a place of its own only if all of it has arrived.
--
-- KEYS     stamp of the map, the map
-- ARGV[1]  the stamp from now on, if a place is concerned that is or was the server's own
-- ARGV[2…] for each place: the place; what became of it, epoch first; the key that says what has arrived of it, if the server
--          gets it, else empty; what that key must hold, empty: anything; 1 if the server had or gets it, else 0
-- Result   how many it did not know

local learned, isOwn = 0, false
for a = 2, #ARGV, 5 do
  local held = redis.call('HGET', KEYS[2], ARGV[a])
  local epoch = held and tonumber(string.match(held, '^%d+')) or 0
  if tonumber(string.match(ARGV[a + 1], '^%d+')) > epoch then
    local key, wanted = ARGV[a + 2], ARGV[a + 3]
    if key == '' or wanted == '' or redis.call('GET', key) == wanted then
      if key ~= '' then redis.call('DEL', key) end
      redis.call('HSET', KEYS[2], ARGV[a], ARGV[a + 1])
      learned = learned + 1
      isOwn = isOwn or ARGV[a + 4] == '1'
    end
  end
end
if isOwn then redis.call('SET', KEYS[1], ARGV[1]) end
return learned
