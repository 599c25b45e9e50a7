-- The labs whose newest observation may be as new as a time, of some partitions one after the other, as many as there are
-- labs enough.
--
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  number of partitions
-- ARGV[3]  the partition to begin with, from 0 on
-- ARGV[4]  the time, Unix seconds
-- ARGV[5]  how many labs are enough
-- Result   the partition to go on with; numbers of partitions whose index is of another type; the labs

local labs, wrong, enough = {}, {}, tonumber(ARGV[5])
local partition, partitions = tonumber(ARGV[3]), tonumber(ARGV[2])
while partition < partitions and #labs < enough do
  local some = redis.pcall('ZRANGE', ARGV[1] .. partition .. '}:labs', ARGV[4], '+inf', 'BYSCORE')
  if some.err then
    wrong[#wrong + 1] = partition
  else
    for i = 1, #some do labs[#labs + 1] = some[i] end
  end
  partition = partition + 1
end
return { partition, wrong, labs }
