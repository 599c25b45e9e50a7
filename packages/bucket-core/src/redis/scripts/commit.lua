-- Appends observations to the heads of labs. It knows no aggregate: only that the last six bytes of a head are the newest
-- time of everything that the lab has, and that rows of 17 bytes end with their time (pages/head.ts, pages/tail-row.ts).
--
-- KEYS[1]  record of the last such call: it is done once, however often and however late it arrives
-- KEYS[2]  hash of what was counted, by process
-- KEYS[3…] for each lab its head; with flag 1 also the two indexes of its partition, by time and by name; with flag 2 or 4 also the
--          list of labs with late rows (late.lua)
-- ARGV[1]  little-endian: f64 number of the call, rising; u32 duplicates to be counted beside; f64, f64 between which the
--          newest time of a sound head lies; u32 Unix seconds
--          then for each lab: u8 flags, u16 rows; with any flag u32 generation, u32 expiry in Unix seconds; with flag 8 u32
--          further rows that are duplicates, u32 rows that count without deduplication; its rows by time, no two alike
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

local unpack_all = unpack
local unpack, pack, sub, find, floor = struct.unpack, struct.pack, string.sub, string.find, math.floor
local call, pcall = redis.call, redis.pcall
local NO_VALUES = '\0\0\128\0\0\128'
local DONE_KEPT_S, COUNTS_KEPT_S, ASIDE_KEPT_S = 3600, 691200, 604800
local FEW, FEW_BYTES, MANY, MARKED = 4, 16000, 64, 16
local faults, formats = {}, {}

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

-- The row that stands behind so many rows that were appended together, by time: where others lie between them and what stood
-- before, and where there are many. What stands between two such groups is by time as well, and newer than all before it.
local function mark(count, newest)
  return NO_VALUES .. pack('<I4', count) .. '\0' .. newest
end

-- The place of the first row from `at` on, of `count` rows by time, that is newer than `ms`; or, if `or_equal`, not older.
local function first_newer(bytes, at, count, ms, or_equal)
  local low, high = 0, count
  while low < high do
    local middle = floor((low + high) / 2)
    local time = unpack('>I6', bytes, at + 17 * middle + 11)
    if time > ms or (or_equal and time == ms) then high = middle else low = middle + 1 end
  end
  return at + 17 * low
end

-- Calls `each` with the text of rows from a place on, MANY at a time: calls of the library are what costs.
local function rows_of(bytes, at, to, each)
  while at < to do
    local count = (to - at) / 17
    if count > MANY then count = MANY end
    local format = formats[count]
    if not format then
      format = string.rep('c17', count)
      formats[count] = format
    end
    each({ unpack(format, bytes, at) }, at, count)
    at = at + 17 * count
  end
end

-- Which of the rows from `first` up to `to` are in the tail that begins at `from`, by place; nil: none.
local function known_of(first, to, value, from)
  local places, hits = {}, nil
  rows_of(blob, first, to, function(rows, at, count)
    for i = 1, count do places[rows[i]] = at + 17 * (i - 1) end
  end)
  local function compare(rows, _, count)
    for i = 1, count do
      local place = places[rows[i]]
      if place then
        hits = hits or {}
        hits[place] = true
      end
    end
  end
  local first_ms, last_ms = unpack('>I6', blob, first + 11), unpack('>I6', blob, to - 6)
  -- Backwards, until what comes before is older. `behind`: where rows end that were not looked at yet.
  local at, behind = #value - 16, #value + 1
  while at >= from do
    if sub(value, at, at + 5) == NO_VALUES then
      rows_of(value, at + 17, behind, compare)
      local count = unpack('<I4', value, at + 6)
      behind = at
      at = at - 17 * count
      -- Nobody knows in which order the rows before are.
      if count == 0 or at < from then break end
      local begin = first_newer(value, at, count, first_ms, true)
      if begin < behind then
        rows_of(value, begin, first_newer(value, begin, (behind - begin) / 17, last_ms), compare)
      end
      behind = at
    elseif unpack('>I6', value, at + 11) < first_ms then
      from = at
      break
    end
    at = at - 17
  end
  rows_of(value, from, behind, compare)
  return hits
end

-- The same, for few rows or a short tail.
local function known_of_few(first, to, value, from)
  local hits
  for place = first, to - 17, 17 do
    local row = sub(blob, place, place + 16)
    local hit = find(value, row, from, true)
    while hit and (hit - from) % 17 ~= 0 do hit = find(value, row, hit + 1, true) end
    if hit then
      hits = hits or {}
      hits[place] = true
    end
  end
  return hits
end

-- Appends where not all rows are newer than all that there is: those that are not are compared with the tail.
-- Returns the answer, and how many were appended; or the head alone, when the caller has to look at it.
local function append(key, late_key, flags, rows, generation, first, newest_ms, newest, value)
  value = value or call('GET', key)
  if #value < 19 then return value end
  local version, length, held = unpack('<BI4I4', value)
  if version ~= 1 or length < 19 or length > #value or (#value - length) % 17 ~= 0 then return value end
  local looked = flags % 4 >= 2
  local deduplicates = flags % 8 < 4
  if deduplicates and unpack('>I6', blob, first + 11) <= unpack('>I6', value, length - 5) and
    not (looked and held == generation) then return value end
  local behind = first + 17 * rows
  local hits
  if deduplicates and length < #value then
    local to = first_newer(blob, first, rows, newest_ms)
    local compared = (to - first) / 17
    local few = compared <= FEW or compared * (#value - length) <= FEW_BYTES
    hits = (few and known_of_few or known_of)(first, to, value, length + 1)
  end
  local fresh, count = sub(blob, first, behind - 1), rows
  if hits then
    local kept = {}
    count = 0
    for place = first, behind - 17, 17 do
      if not hits[place] then
        count = count + 1
        kept[count] = sub(blob, place, place + 16)
      end
    end
    if count == 0 then return #value * 4096, 0 end
    fresh = table.concat(kept)
  end
  local oldest = unpack('>I6', fresh, 12)
  if oldest <= unpack('>I6', value, length - 5) then
    ours('ZADD', late_key, 'LT', floor(oldest / 1000), sub(key, find(key, '}:lab:', 1, true) + 6))
  end
  -- Whatever was appended last must be of the newest time.
  if unpack('>I6', fresh, #fresh - 5) > newest_ms then newest = sub(fresh, -6) end
  return call('APPEND', key, fresh .. mark(count, newest)) * 4096 + 2 * count, count
end

local function index(k, last)
  local lab = sub(KEYS[k], find(KEYS[k], '}:lab:', 1, true) + 6)
  ours('ZADD', KEYS[k + 1], 'GT', floor(unpack('>I6', blob, last + 11) / 1000), lab)
  ours('ZADD', KEYS[k + 2], 0, lab)
end

-- What is done for almost every lab comes first, and with as few calls as can be: they are what costs.
local result, labs, committed, suspended, k = {}, 0, 0, 0, 3
local record = result
local length = #blob
while at <= length do
  local key = KEYS[k]
  local flags, rows, first_ms = unpack('<BI2xxxxxxxxxxx>I6', blob, at)
  local first = at + 3
  local generation, expiry, beside, unsure = 0, 0, 0, 0
  if flags > 0 then
    generation, expiry, first = unpack('<I4I4', blob, first)
    if flags >= 8 then beside, unsure, first = unpack('<I4I4', blob, first) end
    first_ms = unpack('>I6', blob, first + 11)
  end
  at = first + 17 * rows
  local newest, value
  if flags % 4 < 2 then
    -- Numbers among the arguments would be made texts of each time.
    newest = pcall('GETRANGE', key, '-6', '-1')
  else
    -- All of it will be needed.
    value = pcall('GET', key)
    newest = type(value) == 'string' and sub(value, -6) or value or ''
  end
  local answer
  local counted = rows
  if #newest == 6 then
    local newest_ms = unpack('>I6', newest)
    if (newest_ms < low or newest_ms > high) and flags % 4 < 2 then
      answer = call('GET', key)
      counted = nil
    elseif first_ms > newest_ms then
      local fresh = sub(blob, first, at - 1)
      if rows >= MARKED then fresh = fresh .. mark(rows, sub(fresh, -6)) end
      answer = call('APPEND', key, fresh) * 4096 + 2 * rows
    else
      local late_key = KEYS[k + 1 + 2 * (flags % 2)]
      answer, counted = append(key, late_key, flags, rows, generation, first, newest_ms, newest, value)
    end
    if flags % 2 == 1 and counted then
      if unpack('>I6', blob, at - 6) > newest_ms then call('EXPIREAT', key, expiry) end
      index(k, at - 17)
    end
  elseif newest == '' then
    if call('EXISTS', key) == 1 then
      answer = -3
      counted = nil
    elseif flags % 2 == 1 then
      call('SET', key, ARGV[2] .. sub(blob, first, at - 1), 'EXAT', expiry)
      index(k, at - 17)
      answer = (#ARGV[2] + 17 * rows) * 4096 + 2 * rows + 1
    else
      answer = -1
      counted = nil
    end
  else
    counted = nil
    if type(newest) == 'string' then
      answer = call('GET', key)
    elseif find(newest.err, 'WRONGTYPE', 1, true) then
      answer = -3
    else
      error(newest.err, 0)
    end
  end
  labs = labs + 1
  result[labs] = answer
  if counted then
    committed = committed + counted
    duplicates = duplicates + rows - counted + beside
    if unsure > 0 then suspended = suspended + math.min(unsure, counted) end
  else
    -- A repeated call does not say again what the caller had to look at.
    if record == result then record = { unpack_all(result, 1, labs - 1) } end
    record[labs] = type(answer) == 'number' and answer or -2
  end
  if record ~= result then record[labs] = record[labs] or answer end
  k = k + 1 + 2 * (flags % 2)
  if flags % 8 > 1 then k = k + 1 end
end

-- Exactly what was appended is what is counted.
local counts = ours('HGET', KEYS[2], ARGV[3])
local c, d, s, seen = 0, 0, 0, 0
if counts and #counts == 32 then c, d, s, seen = unpack('<dddd', counts) end
if committed + duplicates > 0 then
  call('HSET', KEYS[2], ARGV[3], pack('<dddd', c + committed, d + duplicates, s + suspended, now))
  if floor(seen / 3600) ~= floor(now / 3600) then call('EXPIRE', KEYS[2], COUNTS_KEPT_S) end
end
if #faults > 0 and record == result then record = { unpack_all(result) } end
for i = 1, #faults do
  result[labs + i] = faults[i]
  record[labs + i] = -2
end
call('SET', KEYS[1], pack('<d', number) .. cmsgpack.pack(record), 'EX', DONE_KEPT_S)
return result
