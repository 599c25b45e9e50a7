-- Keeps the list of labs that have rows in the tail of their head which are not newer than what was folded. Pages alone say
-- what is in an old bucket of all others. Commits and folds keep it as well; here it is begun, and what nobody had looked at is
-- looked at, some labs at a time.
--
-- KEYS[1]  the list, a sorted set by the oldest of those rows, Unix seconds; 0: nobody has looked yet, 1: any time. With an
--          empty name at −inf, if the list is kept
-- KEYS[2]  the index of the partition by time
-- ARGV[1]  what stands in front of the name of a lab in the key of its head
-- ARGV[2]  how many labs to look at, at most
-- ARGV[3]  the key of the stamp of the map, as in commit.lua; empty: there is no map
-- ARGV[4]  the stamp that the caller knows
-- Result   how many labs were looked at; less than that many: there are no more

local unpack_all = unpack
local unpack, find, floor, call, pcall = struct.unpack, string.find, math.floor, redis.call, redis.pcall
local AT_ONCE, ASIDE_KEPT_S = 1000, 604800
if ARGV[3] ~= '' and (call('GET', ARGV[3]) or '') ~= ARGV[4] then
  return redis.error_reply('ELSEWHERE the map has changed')
end

local function begin()
  local kept = pcall('ZSCORE', KEYS[1], '')
  if type(kept) == 'table' then
    if not find(kept.err, 'WRONGTYPE', 1, true) then error(kept.err, 0) end
    call('RENAME', KEYS[1], KEYS[1] .. ':aside')
    call('EXPIRE', KEYS[1] .. ':aside', ASIDE_KEPT_S)
  elseif kept then
    return
  end
  local labs = call('ZRANGE', KEYS[2], 0, -1)
  for from = 1, #labs, AT_ONCE do
    local added = {}
    for i = from, math.min(#labs, from + AT_ONCE - 1) do
      added[#added + 1] = 0
      added[#added + 1] = labs[i]
    end
    call('ZADD', KEYS[1], 'LT', unpack_all(added))
  end
  call('ZADD', KEYS[1], '-inf', '')
end

-- The second of the oldest late row of a head; nil: there is none; 1: nobody can tell.
local function oldest_of(value)
  if not value then return nil end
  if type(value) == 'table' or #value < 19 then return 1 end
  local version, length = unpack('<BI4', value)
  if version ~= 1 or length < 19 or length > #value then return 1 end
  local watermark = unpack('>I6', value, length - 5)
  local oldest
  for row = length + 1, #value - 16, 17 do
    local ms = unpack('>I6', value, row + 11)
    if ms <= watermark and (not oldest or ms < oldest) then oldest = ms end
  end
  return oldest and floor(oldest / 1000)
end

begin()
local labs = call('ZRANGE', KEYS[1], 0, 0, 'BYSCORE', 'LIMIT', 0, ARGV[2])
for i = 1, #labs do
  local oldest = oldest_of(pcall('GET', ARGV[1] .. labs[i]))
  if oldest then
    call('ZADD', KEYS[1], math.max(1, oldest), labs[i])
  else
    call('ZREM', KEYS[1], labs[i])
  end
end
return #labs
