-- The labs whose newest observation may be as new as a time, of some partitions one after the other, as many as there are
-- labs enough. Of partitions that still have as many labs as the caller knows, nothing is sent but that.
--
-- KEYS     the index by time of the partition, if there is only one; those of several are on this one server, and to send so
--          many names would take longer
-- ARGV[1]  what stands in front of the number of a partition in keys
-- ARGV[2]  the partitions, a byte each
-- ARGV[3]  for each of them, u32 little-endian: how many labs the caller knows; 0: it wants to have them
-- ARGV[4]  the time, Unix seconds
-- ARGV[5]  how many labs are enough
-- ARGV[6]  empty, or the end of a bucket that is to be read, Unix seconds: then it is also said of which labs the head may
--          have rows that were measured before it and that pages do not have (late.lua)
-- ARGV[7]  the key of the stamp of the map, as in commit.lua; empty: there is no map
-- ARGV[8]  the stamp that the caller knows
-- Result   how many partitions were looked at; numbers of those whose index is of another type; of those that have other labs
--          than the caller knows: their numbers, the lowest time that the index has, as text, empty if it has older labs than were
--          asked for, and the labs, a line each, an empty line between two partitions: one text is read in a tenth of the time that
--          many take; labs that may be late, a line each; numbers of partitions of which nobody knows who is late

local call, pcall, concat, byte, find = redis.call, redis.pcall, table.concat, string.byte, string.find
local unpack = struct.unpack
if ARGV[7] ~= '' and (call('GET', ARGV[7]) or '') ~= ARGV[8] then
  return redis.error_reply('ELSEWHERE the map has changed')
end
local wrong, changed, lowest, texts, late, unknown, at, count, n = {}, {}, {}, {}, {}, {}, 0, 0, 0
local before, partitions, known, from, enough, late_before = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]

local function add_late(partition)
  local found = pcall('ZRANGE', before .. partition .. '}:late', '-inf', '(' .. late_before, 'BYSCORE')
  -- The first is an empty name, if the list is kept.
  if found.err or found[1] ~= '' then
    unknown[#unknown + 1] = partition
  else
    for i = 2, #found do late[#late + 1] = found[i] end
  end
end

while at < #partitions and count < enough do
  at = at + 1
  local partition = byte(partitions, at)
  local key = before .. partition .. '}:labs'
  -- ZCARD takes a quarter less, and is a right more that a user of Redis needs.
  local all = pcall('ZCOUNT', key, '-inf', '+inf')
  if type(all) == 'table' then
    if not find(all.err, 'WRONGTYPE', 1, true) then error(all.err, 0) end
    wrong[#wrong + 1] = partition
  else
    if all ~= unpack('<I4', known, 4 * at - 3) then
      local some = call('ZRANGE', key, from, '+inf', 'BYSCORE')
      count = count + #some
      n = n + 1
      changed[n] = partition
      lowest[n] = some[1] and #some == all and call('ZSCORE', key, some[1]) or ''
      texts[n] = concat(some, '\n')
    end
    if late_before ~= '' then add_late(partition) end
  end
end
return { at, wrong, changed, lowest, concat(texts, '\n\n'), concat(late, '\n'), unknown }
