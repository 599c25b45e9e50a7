-- The labs whose newest observation may be as new as a time, of some partitions one after the other, as many as there are
-- labs enough.
--
-- KEYS     the index by time of the partition, if there is only one; those of several are on this one server, and to send so
--          many names would take longer
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  the partitions, a byte each
-- ARGV[3]  the time, Unix seconds
-- ARGV[4]  how many labs are enough
-- ARGV[5]  empty, or the end of a bucket that is to be read, Unix seconds: then it is also said of which labs the head may
--          have rows that were measured before it and that pages do not have (late.lua)
-- Result   how many partitions were looked at; numbers of those whose index is of another type; the labs, a line each, as one
--          text is read in a tenth of the time that many take; those labs likewise; numbers of partitions of which nobody
--          knows, all labs of which are among those

local labs, wrong, late, unknown, enough, at = {}, {}, {}, {}, tonumber(ARGV[4]), 0

local function add_late(partition, some)
  local found = redis.pcall('ZRANGE', ARGV[1] .. partition .. '}:late', '-inf', '(' .. ARGV[5], 'BYSCORE')
  -- The first is an empty name, if the list is kept.
  if found.err or found[1] ~= '' then
    unknown[#unknown + 1] = partition
    found = some
  end
  for i = 1, #found do
    if found[i] ~= '' then late[#late + 1] = found[i] end
  end
end

while at < #ARGV[2] and #labs < enough do
  at = at + 1
  local partition = string.byte(ARGV[2], at)
  local some = redis.pcall('ZRANGE', ARGV[1] .. partition .. '}:labs', ARGV[3], '+inf', 'BYSCORE')
  if some.err then
    if not string.find(some.err, 'WRONGTYPE', 1, true) then error(some.err, 0) end
    wrong[#wrong + 1] = partition
  else
    for i = 1, #some do labs[#labs + 1] = some[i] end
    if ARGV[5] ~= '' then add_late(partition, some) end
  end
end
return { at, wrong, table.concat(labs, '\n'), table.concat(late, '\n'), unknown }
