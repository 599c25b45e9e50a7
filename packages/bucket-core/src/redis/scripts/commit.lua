-- Appends observations to the heads of labs. It knows no aggregate: only that the last six bytes of a head are the newest
-- time of everything that the lab has, and that rows of 17 bytes end with their time (pages/head.ts, pages/tail-row.ts).
--
-- KEYS[1]  record of the last such call: it is done once, however often and however late it arrives
-- KEYS[2]  hash of what was counted, by process
-- KEYS[3…] for each lab its head; with flag 1 also the two indexes of its partition, by time and by name
-- ARGV[1]  little-endian: f64 number of the call, rising; u32 duplicates to be counted beside; f64, f64 between which the
--          newest time of a sound head lies; u32 Unix seconds
--          then for each lab: u8 flags, u16 rows, u32 generation, u32 expiry in Unix seconds; with flag 8 u32 further rows that
--          are duplicates, u32 rows that count without deduplication; its rows by time, no two alike
--            flags: 1 the lab's newest longest-lived bucket may be another: set expiry and indexes; 2 the caller has
--            seen the head, and compared the rows with the pages of that generation; 4 no deduplication; 8 see above
-- ARGV[2]  the base of a head that is not there yet
-- ARGV[3]  the process, as a field of KEYS[2]
-- ARGV[4]  of one of several independent servers: the key of the stamp of its map (move.lua); else there are three
-- ARGV[5]  the stamp that the caller knows; if it is another by now, nothing is done, and the answer is the error ELSEWHERE
-- Result   for each lab: bytes of its head * 4096 + 2 * rows appended + 1 if it is new;
--          or, and nothing was written of it: the head, when the caller has to look at it; −1 when it is missing and flag 1
--          was not set; −2 what the caller had to look at, when the call is repeated; −3 when its key is of another type, or has
--          an empty value;
--          then the keys of other values that were set aside. Nothing at all: a later call of that number was done already

local unpack, pack, sub, find, floor = struct.unpack, struct.pack, string.sub, string.find, math.floor
local call, pcall = redis.call, redis.pcall
local NO_VALUES = '\0\0\128\0\0\128\0\0\0\0\0'
local DONE_KEPT_S, COUNTS_KEPT_S, ASIDE_KEPT_S = 3600, 691200, 604800
local faults = {}

-- A command on a key that is ours. If it is of another type, that value is set aside first.
local function ours(name, key, ...)
  local reply = pcall(name, key, ...)
  if type(reply) ~= 'table' or not reply.err then return reply end
  if not find(reply.err, 'WRONGTYPE', 1, true) then error(reply.err, 0) end
  call('RENAME', key, key .. ':aside')
  call('EXPIRE', key .. ':aside', ASIDE_KEPT_S)
  faults[#faults + 1] = key
  return call(name, key, ...)
end

if ARGV[4] and (call('GET', ARGV[4]) or '') ~= ARGV[5] then return redis.error_reply('ELSEWHERE the map has changed') end
local blob = ARGV[1]
local number, duplicates, low, high, now, at = unpack('<dI4ddI4', blob)
local done = ours('GET', KEYS[1])
if done and #done > 8 then
  local last = unpack('<d', done)
  if last == number then return cmsgpack.unpack(sub(done, 9)) end
  if last > number then return {} end
end

-- Appends where not all rows are newer than all that there is: they are compared with the tail.
local function append(key, flags, rows, generation, first, newest_ms, newest, value)
  value = value or call('GET', key)
  if #value < 19 then return value end
  local version, length, held = unpack('<BI4I4', value)
  if version ~= 1 or length < 19 or length > #value or (#value - length) % 17 ~= 0 then return value end
  local looked = flags % 4 >= 2
  local deduplicates = flags % 8 < 4
  if deduplicates and unpack('>I6', blob, first + 11) <= unpack('>I6', value, length - 5) and
    not (looked and held == generation) then return value end
  local last = first + 17 * (rows - 1)
  local tail
  if rows > 4 and deduplicates then
    tail = {}
    for place = length + 1, #value, 17 do tail[sub(value, place, place + 16)] = true end
  end
  local fresh, strings, count = {}, 0, 0
  for place = first, last, 17 do
    if unpack('>I6', blob, place + 11) > newest_ms then
      strings = strings + 1
      fresh[strings] = sub(blob, place, last + 16)
      count = count + (last - place) / 17 + 1
      break
    end
    local row = sub(blob, place, place + 16)
    local hit
    if deduplicates then
      if tail then
        hit = tail[row]
      else
        hit = find(value, row, length + 1, true)
        while hit and (hit - length - 1) % 17 ~= 0 do hit = find(value, row, hit + 1, true) end
      end
    end
    if not hit then
      strings = strings + 1
      fresh[strings] = row
      count = count + 1
    end
  end
  if count == 0 then return #value * 4096 end
  -- Whatever was appended last must be of the newest time.
  if unpack('>I6', fresh[strings], #fresh[strings] - 5) < newest_ms then fresh[strings + 1] = NO_VALUES .. newest end
  return call('APPEND', key, table.concat(fresh)) * 4096 + 2 * count
end

local function index(k, last)
  local lab = sub(KEYS[k], find(KEYS[k], '}:lab:', 1, true) + 6)
  ours('ZADD', KEYS[k + 1], 'GT', floor(unpack('>I6', blob, last + 11) / 1000), lab)
  ours('ZADD', KEYS[k + 2], 0, lab)
end

local result, labs, committed, suspended, k = {}, 0, 0, 0, 3
local length = #blob
while at <= length do
  local key = KEYS[k]
  local flags, rows, generation, expiry, first = unpack('<BI2I4I4', blob, at)
  local beside, unsure = 0, 0
  if flags >= 8 then beside, unsure, first = unpack('<I4I4', blob, first) end
  at = first + 17 * rows
  local last = at - 17
  local newest, value
  if flags % 4 < 2 then
    newest = pcall('GETRANGE', key, -6, -1)
  else
    -- All of it will be needed.
    value = pcall('GET', key)
    newest = type(value) == 'string' and sub(value, -6) or value or ''
  end
  local answer
  if newest == '' then
    if call('EXISTS', key) == 1 then
      answer = -3
    elseif flags % 2 == 1 then
      call('SET', key, ARGV[2] .. sub(blob, first, at - 1), 'EXAT', expiry)
      index(k, last)
      answer = (#ARGV[2] + 17 * rows) * 4096 + 2 * rows + 1
    else
      answer = -1
    end
  elseif type(newest) == 'table' then
    if not find(newest.err, 'WRONGTYPE', 1, true) then error(newest.err, 0) end
    answer = -3
  elseif #newest < 6 then
    answer = call('GET', key)
  else
    local newest_ms = unpack('>I6', newest)
    if (newest_ms < low or newest_ms > high) and flags % 4 < 2 then
      answer = call('GET', key)
    elseif unpack('>I6', blob, first + 11) > newest_ms then
      answer = call('APPEND', key, sub(blob, first, at - 1)) * 4096 + 2 * rows
    else
      answer = append(key, flags, rows, generation, first, newest_ms, newest, value)
    end
    if flags % 2 == 1 and type(answer) == 'number' then
      if unpack('>I6', blob, last + 11) > newest_ms then call('EXPIREAT', key, expiry) end
      index(k, last)
    end
  end
  labs = labs + 1
  result[labs] = answer
  if type(answer) == 'number' and answer >= 0 then
    local counted = floor(answer % 4096 / 2)
    committed = committed + counted
    duplicates = duplicates + rows - counted + beside
    suspended = suspended + math.min(unsure, counted)
  end
  k = k + 1 + 2 * (flags % 2)
end

-- Exactly what was appended is what is counted.
local counts = ours('HGET', KEYS[2], ARGV[3])
local c, d, s, seen = 0, 0, 0, 0
if counts and #counts == 32 then c, d, s, seen = unpack('<dddd', counts) end
if committed + duplicates > 0 then
  call('HSET', KEYS[2], ARGV[3], pack('<dddd', c + committed, d + duplicates, s + suspended, now))
  if floor(seen / 3600) ~= floor(now / 3600) then call('EXPIRE', KEYS[2], COUNTS_KEPT_S) end
end
for i = 1, #faults do result[labs + i] = faults[i] end
local record = {}
for i = 1, #result do record[i] = type(result[i]) == 'number' and result[i] or -2 end
call('SET', KEYS[1], pack('<d', number) .. cmsgpack.pack(record), 'EX', DONE_KEPT_S)
return result
