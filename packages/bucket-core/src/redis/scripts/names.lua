-- The first names of labs after one, of some partitions.
--
-- KEYS     the indexes by name and by time of the partition, if there is only one; see labs.lua
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  the partitions, a byte each
-- ARGV[3]  where to begin, as ZRANGE BYLEX has it
-- ARGV[4]  how many to look at in each partition
-- ARGV[5]  labs that the index has from before this time, Unix seconds, are no more
-- ARGV[6]  the key of the stamp of the map, as in commit.lua; empty: there is no map
-- ARGV[7]  the stamp that the caller knows
-- Result   numbers of partitions whose index is of another type; of partitions that may have more, the last name that was looked at, a
--          line each; names of labs that are there, a line each, of each partition in order. Lua is slow to put all in order

local call, pcall, concat, byte, find = redis.call, redis.pcall, table.concat, string.byte, string.find
if ARGV[6] ~= '' and (call('GET', ARGV[6]) or '') ~= ARGV[7] then
  return redis.error_reply('ELSEWHERE the map has changed')
end
local wrong, ends, texts, n, m = {}, {}, {}, 0, 0
local before, partitions, from, each = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local most, oldest = tonumber(each), tonumber(ARGV[5])

-- Of these names, those of labs that are there.
local function there(names, key)
  local kept, n = {}, 0
  for i = 1, #names do
    local score = call('ZSCORE', key .. 'labs', names[i])
    if score and tonumber(score) >= oldest then
      n = n + 1
      kept[n] = names[i]
    end
  end
  return kept
end

for at = 1, #partitions do
  local partition = byte(partitions, at)
  local key = before .. partition .. '}:'
  local some = pcall('ZRANGE', key .. 'names', from, '+', 'BYLEX', 'LIMIT', '0', each)
  local alive = some.err and some or pcall('ZCOUNT', key .. 'labs', '(' .. ARGV[5], '+inf')
  if type(alive) == 'table' then
    if not find(alive.err, 'WRONGTYPE', 1, true) then error(alive.err, 0) end
    wrong[#wrong + 1] = partition
  elseif #some > 0 then
    if #some == most then
      m = m + 1
      ends[m] = some[most]
    end
    -- Mostly all labs of an index are there.
    if alive ~= call('ZCOUNT', key .. 'names', '-inf', '+inf') then some = there(some, key) end
    if #some > 0 then
      n = n + 1
      texts[n] = concat(some, '\n')
    end
  end
end
return { wrong, concat(ends, '\n'), concat(texts, '\n') }
