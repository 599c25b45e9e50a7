-- Puts what a fold has made of a lab's rows where it stays: all of it, or nothing.
--
-- KEYS   for each lab: its head, the list of labs with late rows (late.lua), then the pages that are written
-- ARGV   the key of the stamp of the map, and that stamp, as in commit.lua; two empty texts: there is no map
--        for each lab, little-endian: u32 generation that was folded, u32 bytes of the head that was folded, u32 pages, u32
--        Unix seconds of the oldest row that stays though it is not newer than the new base (2^32 − 2: none; 2^32 − 1: none,
--        and nor was there in what was folded), then the new base with the rows that stay; then for each page: u8 0 append, 1 append and set the expiry, 2 set;
--        u32 bytes that it may have, else it is full; u32 expiry in Unix seconds; then the bytes
-- Result for each lab: bytes of its head; or, and nothing was written: 0 when another fold came first; −p when page p is of
--        another type; −1000 − p when page p is full

local unpack, sub, find, call, pcall = struct.unpack, string.sub, string.find, redis.call, redis.pcall
local NONE = 4294967294
if ARGV[1] ~= '' and (call('GET', ARGV[1]) or '') ~= ARGV[2] then
  return redis.error_reply('ELSEWHERE the map has changed')
end

-- Puts a lab on the list of those with rows that are not newer than what was folded, or takes it off. If the list is of another
-- type, nobody trusts it.
local function list(k, oldest)
  local lab, reply = sub(KEYS[k], find(KEYS[k], '}:lab:', 1, true) + 6), nil
  if oldest < NONE then
    reply = pcall('ZADD', KEYS[k + 1], 'LT', oldest, lab)
  else
    reply = pcall('ZREM', KEYS[k + 1], lab)
  end
  if type(reply) == 'table' and not find(reply.err, 'WRONGTYPE', 1, true) then error(reply.err, 0) end
end

local k, a, result = 1, 3, {}
while k <= #KEYS do
  local generation, folded, pages, late, at = unpack('<I4I4I4I4', ARGV[a])
  local value = pcall('GET', KEYS[k])
  local answer = 0
  if type(value) == 'string' and #value >= folded and unpack('<I4', value, 6) == generation then
    -- Everything that can be in the way is looked at before anything is written.
    local held = {}
    answer = 1
    for p = 1, pages do
      held[p] = pcall('STRLEN', KEYS[k + 1 + p])
      local how, most = unpack('<BI4', ARGV[a + p])
      if type(held[p]) == 'table' then
        answer = -p
        break
      end
      if how < 2 and held[p] + #ARGV[a + p] - 9 > most then
        answer = -1000 - p
        break
      end
    end
    if answer == 1 then
      -- What was appended meanwhile may be older than the new base.
      local watermark = unpack('>I6', ARGV[a], at + unpack('<I4', ARGV[a], at + 1) - 6)
      for row = folded + 1, #value - 16, 17 do
        local ms = unpack('>I6', value, row + 11)
        if ms <= watermark then late = math.min(late, math.floor(ms / 1000)) end
      end
      if late < NONE then list(k, late) end
      for p = 1, pages do
        local key, how, _, expiry, from = KEYS[k + 1 + p], unpack('<BI4I4', ARGV[a + p])
        local bytes = sub(ARGV[a + p], from)
        if how == 2 or held[p] == 0 then
          call('SET', key, bytes, 'EXAT', expiry)
        else
          -- APPEND leaves room for as much again. A page of now is written as a whole once it is over, others may not be.
          if how == 1 and held[p] < 16384 then
            call('SET', key, call('GET', key) .. bytes, 'KEEPTTL')
          else
            call('APPEND', key, bytes)
          end
          if how == 1 then call('EXPIREAT', key, expiry) end
        end
      end
      local head = sub(ARGV[a], at) .. sub(value, folded + 1)
      call('SET', KEYS[k], head, 'KEEPTTL')
      if late == NONE then list(k, late) end
      answer = #head
    end
  end
  result[#result + 1] = answer
  k = k + 2 + pages
  a = a + 1 + pages
end
return result
