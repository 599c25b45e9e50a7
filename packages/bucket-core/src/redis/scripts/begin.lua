-- Makes a lab known whose buckets are restored: it has a head, an expiry that is late enough, and is in the indexes.
--
-- KEYS     head of the lab; the indexes of its partition, by time and by name
-- ARGV[1]  a head to begin with; its last six bytes are the newest time of what is restored
-- ARGV[2]  expiry in Unix seconds that goes with that time
-- ARGV[3]  the lab
-- ARGV[4]  the key of the stamp of the map, as in commit.lua; empty: there is no map
-- ARGV[5]  the stamp that the caller knows

local unpack, call = struct.unpack, redis.call
if ARGV[4] ~= '' and (call('GET', ARGV[4]) or '') ~= ARGV[5] then
  return redis.error_reply('ELSEWHERE the map has changed')
end
local newest = unpack('>I6', ARGV[1], #ARGV[1] - 5)
local held = call('GETRANGE', KEYS[1], -6, -1)
if held == '' then
  call('SET', KEYS[1], ARGV[1], 'EXAT', ARGV[2])
elseif #held == 6 and newest >= unpack('>I6', held) then
  call('EXPIREAT', KEYS[1], ARGV[2])
end
call('ZADD', KEYS[2], 'GT', math.floor(newest / 1000), ARGV[3])
call('ZADD', KEYS[3], 0, ARGV[3])
return 1
