-- The first names of labs after one, of each partition as many.
--
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  number of partitions
-- ARGV[3]  where to begin, as ZRANGE BYLEX has it
-- ARGV[4]  how many of each partition
-- ARGV[5]  labs that the index has from before this time, Unix seconds, are no more
-- Result   numbers of partitions whose index is of another type; the last name of the partition that ends first and may have
--          more, or an empty text: behind it names may be missing; the names of labs that are there

local names, wrong, last = {}, {}, ''
local each, oldest = tonumber(ARGV[4]), tonumber(ARGV[5])
for partition = 0, ARGV[2] - 1 do
  local tag = ARGV[1] .. partition
  local some = redis.pcall('ZRANGE', tag .. '}:names', ARGV[3], '+', 'BYLEX', 'LIMIT', 0, each)
  local scores = not some.err and #some > 0 and redis.pcall('ZMSCORE', tag .. '}:labs', unpack(some)) or {}
  if some.err or scores.err then
    wrong[#wrong + 1] = partition
  else
    for i = 1, #some do
      if scores[i] and tonumber(scores[i]) >= oldest then names[#names + 1] = some[i] end
    end
    if #some == each and (last == '' or some[each] < last) then last = some[each] end
  end
end
return { wrong, last, names }
