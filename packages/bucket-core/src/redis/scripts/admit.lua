-- Admits labs that are new, as long as there is room: they are in the index from then on. It looks at the index of every
-- partition, which it names by itself: on one server all are at hand, and to send so many names would take longer.
--
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  number of partitions
-- ARGV[3]  how many labs there may be
-- ARGV[4]  a lab that the index has from before this time, Unix seconds, is no more
-- ARGV[5…] for each lab: number of its partition, from 0 on; its name
-- Result   numbers of the labs, from 1 on, that are refused

local call, pcall = redis.call, redis.pcall
local room, oldest = tonumber(ARGV[3]), tonumber(ARGV[4])
for partition = 0, ARGV[2] - 1 do
  local count = pcall('ZCOUNT', ARGV[1] .. partition .. '}:labs', ARGV[4], '+inf')
  -- What is of another type is set aside by the commit.
  if type(count) == 'number' then room = room - count end
end
local refused = {}
for a = 5, #ARGV, 2 do
  local key, lab = ARGV[1] .. ARGV[a] .. '}:labs', ARGV[a + 1]
  local score = pcall('ZSCORE', key, lab)
  if type(score) ~= 'table' and not (score and tonumber(score) >= oldest) then
    if room > 0 then
      room = room - 1
      call('ZADD', key, 'GT', ARGV[4], lab)
    else
      refused[#refused + 1] = (a - 3) / 2
    end
  end
end
return refused
