-- The first names of labs after one, of some partitions.
--
-- KEYS     the indexes by name and by time of the partition, if there is only one; see labs.lua
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  the partitions, a byte each
-- ARGV[3]  where to begin, as ZRANGE BYLEX has it
-- ARGV[4]  how many names are enough
-- ARGV[5]  how many to look at in each partition
-- ARGV[6]  labs that the index has from before this time, Unix seconds, are no more
-- Result   numbers of partitions whose index is of another type; the name behind which to go on, or an empty text if there are
--          no more; names of labs that are there, in order

local all, of, wrong, last = {}, {}, {}, ''
local enough, each, oldest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

local function failed(reply, partition)
  if not string.find(reply.err, 'WRONGTYPE', 1, true) then error(reply.err, 0) end
  wrong[#wrong + 1] = partition
end

for at = 1, #ARGV[2] do
  local partition = string.byte(ARGV[2], at)
  local some = redis.pcall('ZRANGE', ARGV[1] .. partition .. '}:names', ARGV[3], '+', 'BYLEX', 'LIMIT', 0, each)
  if some.err then
    failed(some, partition)
  else
    for i = 1, #some do
      all[#all + 1] = some[i]
      of[some[i]] = partition
    end
    -- Behind the last name of a partition that may have more, others may be missing.
    if #some == each and (last == '' or some[each] < last) then last = some[each] end
  end
end
table.sort(all)
local names = {}
for i = 1, #all do
  local name = all[i]
  if last ~= '' and name > last then break end
  local score = redis.pcall('ZSCORE', ARGV[1] .. of[name] .. '}:labs', name)
  if type(score) == 'table' then
    failed(score, of[name])
  elseif score and tonumber(score) >= oldest then
    names[#names + 1] = name
    if #names == enough then
      last = name
      break
    end
  end
end
return { wrong, last, names }
