-- Commits parts of a batch. A part is the rows of one lab that go to the same hour of identities and to the same
-- bucket in every resolution; it is applied whole: identities and buckets in one go.
--
-- KEYS      for each part: the lab's identities of that hour, then the buckets it goes to (`buckets` of them)
-- ARGV[1]   identities that an hour may hold; at that number its deduplication is suspended
-- ARGV[1+i] part i, packed little-endian:
--             u8  buckets
--             u8  deduplication: 0 off, 1 on, 2 on and late, so that the expiry is set anew
--             f64 when the identities expire, Unix seconds
--             f64 when each bucket expires, Unix seconds
--             then for each row: f64 timestamp in ms, f64 identity, i32 temp, i32 humidity
--             (thousandths; -2147483648: the observation does not have it)
-- Result    for each part: 4 * rows counted + 2 if deduplication was suspended + 1 if a bucket was created
--
-- Buckets are packed as packed-aggregate.ts says. Running it again with the same arguments counts nothing twice.

local unpack_, pack, call = struct.unpack, struct.pack, redis.call
local ABSENT, TEMP_REFERENCE, HUMIDITY_REFERENCE = -2147483648, 20000, 50000
local LAYOUT, BYTES = '<BI4dI4ddi4i4i4dI4ddi4i4i4d', 93

-- Merges metric b into metric a: count, sum, sum of squares, min, max, last, time of last.
local function merge(an, as, aq, amin, amax, al, at, bn, bs, bq, bmin, bmax, bl, bt)
  if bn == 0 then return an, as, aq, amin, amax, al, at end
  if an == 0 then return bn, bs, bq, bmin, bmax, bl, bt end
  if bmin < amin then amin = bmin end
  if bmax > amax then amax = bmax end
  if bt > at or (bt == at and bl > al) then al = bl at = bt end
  return an + bn, as + bs, aq + bq, amin, amax, al, at
end

-- Which rows are counted for the first time: true for each that is fresh. Identities are added as they are found.
local function deduplicate(key, identities, rows)
  local fresh = {}
  if rows <= 2 then
    for i = 1, rows do fresh[i] = call('SADD', key, identities[i]) == 1 end
    return fresh
  end
  local known = call('SMISMEMBER', key, unpack(identities))
  local new, seen = {}, {}
  for i = 1, rows do
    local identity = identities[i]
    if known[i] == 0 and not seen[identity] then
      seen[identity] = true
      fresh[i] = true
      new[#new + 1] = identity
    end
  end
  if #new > 0 then call('SADD', key, unpack(new)) end
  return fresh
end

local identitiesMax = tonumber(ARGV[1])
local result = {}
local k = 1
for part = 2, #ARGV do
  local packed = ARGV[part]
  local buckets, deduplication, seenExpiry, at = unpack_('<BBd', packed)
  local expiries = {}
  for b = 1, buckets do expiries[b], at = unpack_('<d', packed, at) end

  local times, identities, temps, humidities, rows = {}, {}, {}, {}, 0
  local length = #packed
  while at <= length do
    rows = rows + 1
    times[rows], identities[rows], temps[rows], humidities[rows], at = unpack_('<ddi4i4', packed, at)
  end

  -- Everything that can fail is read before anything is written.
  local values = {}
  for b = 1, buckets do
    local value = call('GET', KEYS[k + b])
    if value and (#value ~= BYTES or value:byte(1) ~= 1) then
      error('not a packed aggregate of version 1: ' .. KEYS[k + b])
    end
    values[b] = value
  end

  local fresh, suspended = nil, 0
  if deduplication > 0 then
    local held = call('SCARD', KEYS[k])
    if held >= identitiesMax then
      suspended = 2
    else
      fresh = deduplicate(KEYS[k], identities, rows)
      if held == 0 or deduplication == 2 then call('EXPIREAT', KEYS[k], seenExpiry) end
    end
  end

  local n, first = 0, math.huge
  local tn, ts, tq, tmin, tmax, tl, tt = 0, 0, 0, math.huge, -math.huge, 0, -math.huge
  local hn, hs, hq, hmin, hmax, hl, ht = 0, 0, 0, math.huge, -math.huge, 0, -math.huge
  for i = 1, rows do
    if not fresh or fresh[i] then
      n = n + 1
      local time, t, h = times[i], temps[i], humidities[i]
      if time < first then first = time end
      if t ~= ABSENT then
        local d = t - TEMP_REFERENCE
        tn = tn + 1 ts = ts + t tq = tq + d * d
        if t < tmin then tmin = t end
        if t > tmax then tmax = t end
        if time > tt or (time == tt and t > tl) then tt = time tl = t end
      end
      if h ~= ABSENT then
        local d = h - HUMIDITY_REFERENCE
        hn = hn + 1 hs = hs + h hq = hq + d * d
        if h < hmin then hmin = h end
        if h > hmax then hmax = h end
        if time > ht or (time == ht and h > hl) then ht = time hl = h end
      end
    end
  end

  local created = 0
  if n > 0 then
    if tn == 0 then tmin = 0 tmax = 0 tt = 0 end
    if hn == 0 then hmin = 0 hmax = 0 ht = 0 end
    for b = 1, buckets do
      local key = KEYS[k + b]
      if values[b] then
        local _, on, of, on1, os1, oq1, omin1, omax1, ol1, ot1, on2, os2, oq2, omin2, omax2, ol2, ot2 =
          unpack_(LAYOUT, values[b])
        if first < of then of = first end
        on1, os1, oq1, omin1, omax1, ol1, ot1 =
          merge(on1, os1, oq1, omin1, omax1, ol1, ot1, tn, ts, tq, tmin, tmax, tl, tt)
        on2, os2, oq2, omin2, omax2, ol2, ot2 =
          merge(on2, os2, oq2, omin2, omax2, ol2, ot2, hn, hs, hq, hmin, hmax, hl, ht)
        call('SET', key, pack(LAYOUT, 1, on + n, of, on1, os1, oq1, omin1, omax1, ol1, ot1, on2, os2, oq2, omin2,
          omax2, ol2, ot2), 'KEEPTTL')
      else
        created = 1
        call('SET', key, pack(LAYOUT, 1, n, first, tn, ts, tq, tmin, tmax, tl, tt, hn, hs, hq, hmin, hmax, hl, ht),
          'EXAT', expiries[b])
      end
    end
  end
  result[part - 1] = 4 * n + suspended + created
  k = k + 1 + buckets
end
return result
