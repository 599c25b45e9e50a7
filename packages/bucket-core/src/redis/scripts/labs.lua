-- The labs whose newest observation may be as new as a time, of some partitions one after the other, as many as there are
-- labs enough.
--
-- KEYS     the index by time of the partition, if there is only one; those of several are on this one server, and to send so
--          many names would take longer
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  the partitions, a byte each
-- ARGV[3]  the time, Unix seconds
-- ARGV[4]  how many labs are enough
-- Result   how many partitions were looked at; numbers of those whose index is of another type; the labs

local labs, wrong, enough, at = {}, {}, tonumber(ARGV[4]), 0
while at < #ARGV[2] and #labs < enough do
  at = at + 1
  local partition = string.byte(ARGV[2], at)
  local some = redis.pcall('ZRANGE', ARGV[1] .. partition .. '}:labs', ARGV[3], '+inf', 'BYSCORE')
  if some.err then
    if not string.find(some.err, 'WRONGTYPE', 1, true) then error(some.err, 0) end
    wrong[#wrong + 1] = partition
  else
    for i = 1, #some do labs[#labs + 1] = some[i] end
  end
end
return { at, wrong, labs }
