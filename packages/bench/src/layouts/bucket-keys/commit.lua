-- Commits parts of a batch. A part is the rows of one lab that go to the same hour of identities and to the same
-- bucket in every resolution; it is applied whole: identities and buckets in one go.
--
-- KEYS      for each part: the lab's identities of that hour, then the buckets it goes to (`buckets` of them)
-- ARGV[1]   identities that an hour may hold; at that number its deduplication is suspended
-- ARGV[1+i] part i, packed little-endian:
--             u8  buckets
--             u8  deduplication: 0 off, 1 on, 2 on and late, so that the expiry is set anew
--             u8  1 if the expiry of keys that exist is set anew, else 0: it costs more than to keep it
--             u32 bit i - 1 is set if bucket i keeps histograms
--             f64 when the identities expire, Unix seconds
--             f64 when each bucket expires, Unix seconds
--             then for each row: f64 timestamp in ms, f64 identity, i32 temp, i32 humidity
--             (thousandths; -2147483648: the observation does not have it)
-- Result    for each part: 4 * rows counted + 2 if deduplication was suspended + 1 if a bucket was created
--
-- Buckets are packed as packed-aggregate.ts says. Running it again with the same arguments counts nothing twice.

local unpack_, pack, call = struct.unpack, struct.pack, redis.call
local byte, sub, format, floor, huge = string.byte, string.sub, string.format, math.floor, math.huge
local ABSENT, TEMP_REFERENCE, HUMIDITY_REFERENCE = -2147483648, 20000, 50000
local TEMP_BIN, HUMIDITY_BIN = 100, 500
local LAYOUT, BYTES = '<BI4dI4ddi4i4i4dI4ddi4i4i4d', 93
local NO_BINS = pack('<i2I2', 0, 0)
-- An identity in decimal: the first is faster than what Redis does with a number, but wrong where a long has 32 bits.
local DECIMAL = format('%d', 2 ^ 52) == '4503599627370496' and '%d' or '%.0f'

-- The rows and buckets of a part. All parts use the same tables: a new one for each would cost more than what is done
-- with it. What stands behind the last row is left over from another part.
local times, identities, temps, humidities, fresh, values = {}, {}, {}, {}, {}, {}

-- Merges metric b into metric a: count, sum, sum of squares, min, max, last, time of last.
local function merge(an, as, aq, amin, amax, al, at, bn, bs, bq, bmin, bmax, bl, bt)
  if bn == 0 then return an, as, aq, amin, amax, al, at end
  if an == 0 then return bn, bs, bq, bmin, bmax, bl, bt end
  if bmin < amin then amin = bmin end
  if bmax > amax then amax = bmax end
  if bt > at or (bt == at and bl > al) then al = bl at = bt end
  return an + bn, as + bs, aq + bq, amin, amax, al, at
end

-- Adds `added` values, in bins from low to high, to the histogram packed at a place in a string; old is nil if there is
-- none yet, low is nil if there is nothing to add. `bins` counts the values by bin; it is nil if low is high.
-- Returns the new histogram and the place behind the old one.
local function add_bins(old, at, added, bins, low, high)
  local first, n = low, 0
  if old then
    first, n, at = unpack_('<i2I2', old, at)
    if n == 0 then first = low end
  end
  if not low then
    if not old then return NO_BINS, at end
    return sub(old, at - 4, at + 4 * n - 1), at + 4 * n
  end
  local last, from, to = first + n - 1, first, high
  if low == high and low >= first and low <= last then
    local place, behind = at + 4 * (low - first), at + 4 * n
    return sub(old, at - 4, place - 1) .. pack('<I4', unpack_('<I4', old, place) + added) ..
      sub(old, place + 4, behind - 1), behind
  end
  bins = bins or { [low] = added }
  if low < from then from = low end
  if last > to then to = last end
  local out, o = { pack('<i2I2', from, to - from + 1) }, 1
  local bin = from
  while bin <= to do
    local is_held, add, next = bin >= first and bin <= last, bins[bin], bin + 1
    o = o + 1
    if add then
      out[o] = pack('<I4', (is_held and unpack_('<I4', old, at + 4 * (bin - first)) or 0) + add)
    else
      -- A run of bins that nothing is added to, all held or all not.
      while next <= to and not bins[next] and next ~= first and next ~= last + 1 do next = next + 1 end
      if is_held then
        out[o] = sub(old, at + 4 * (bin - first), at + 4 * (next - first) - 1)
      else
        out[o] = string.rep('\0\0\0\0', next - bin)
      end
    end
    bin = next
  end
  return table.concat(out), at + 4 * n
end

-- Finds out which rows are fresh: counted for the first time. Adds their identities.
local function deduplicate(key, rows)
  for i = 1, rows do identities[i] = format(DECIMAL, identities[i]) end
  if rows <= 2 then
    for i = 1, rows do fresh[i] = call('SADD', key, identities[i]) == 1 end
    return
  end
  local known = call('SMISMEMBER', key, unpack(identities, 1, rows))
  local new, count = {}, 0
  for i = 1, rows do
    local identity = identities[i]
    fresh[i] = known[i] == 0 and not new[identity]
    if fresh[i] then
      count = count + 1
      new[count] = identity
      new[identity] = true
    end
  end
  if count > 0 then call('SADD', key, unpack(new, 1, count)) end
end

-- How many of the fresh rows fall into each bin.
local function count_bins(of, rows, width)
  local bins = {}
  for i = 1, rows do
    if fresh[i] and of[i] ~= ABSENT then
      local bin = floor(of[i] / width)
      bins[bin] = (bins[bin] or 0) + 1
    end
  end
  return bins
end

local identitiesMax = tonumber(ARGV[1])
local result = {}
local k = 1
for part = 2, #ARGV do
  local packed = ARGV[part]
  local buckets, deduplication, anew, histograms, seenExpiry, expiries = unpack_('<BBBI4d', packed)

  local rows, at, length = 0, expiries + 8 * buckets, #packed
  while at <= length do
    rows = rows + 1
    times[rows], identities[rows], temps[rows], humidities[rows], at = unpack_('<ddi4i4', packed, at)
  end

  -- Everything that can fail is read before anything is written.
  local with_bins = histograms > 0
  for b = 1, buckets do
    local value = call('GET', KEYS[k + b])
    if value then
      local version = byte(value)
      if not ((#value == BYTES and version == 1) or (#value >= BYTES + 8 and version == 2)) then
        error('not a packed aggregate of version 1 or 2: ' .. KEYS[k + b])
      end
      if version == 2 then with_bins = true end
    end
    values[b] = value
  end

  local held, suspended = 0, 0
  if deduplication > 0 then held = call('SCARD', KEYS[k]) end
  if held >= identitiesMax then suspended = 2 end
  if deduplication == 0 or suspended > 0 then
    for i = 1, rows do fresh[i] = true end
  else
    deduplicate(KEYS[k], rows)
    if held == 0 or deduplication == 2 or anew == 1 then call('EXPIREAT', KEYS[k], seenExpiry) end
  end

  local n, first = 0, huge
  local tn, ts, tq, tmin, tmax, tl, tt = 0, 0, 0, huge, -huge, 0, -huge
  local hn, hs, hq, hmin, hmax, hl, ht = 0, 0, 0, huge, -huge, 0, -huge
  for i = 1, rows do
    if fresh[i] then
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
    local tlow, thigh, hlow, hhigh, tbins, hbins
    if tn == 0 then
      tmin = 0 tmax = 0 tt = 0
    elseif with_bins then
      tlow, thigh = floor(tmin / TEMP_BIN), floor(tmax / TEMP_BIN)
      if tlow ~= thigh then tbins = count_bins(temps, rows, TEMP_BIN) end
    end
    if hn == 0 then
      hmin = 0 hmax = 0 ht = 0
    elseif with_bins then
      hlow, hhigh = floor(hmin / HUMIDITY_BIN), floor(hmax / HUMIDITY_BIN)
      if hlow ~= hhigh then hbins = count_bins(humidities, rows, HUMIDITY_BIN) end
    end
    for b = 1, buckets do
      local key, value = KEYS[k + b], values[b]
      if value then
        local version, on, of, on1, os1, oq1, omin1, omax1, ol1, ot1, on2, os2, oq2, omin2, omax2, ol2, ot2 =
          unpack_(LAYOUT, value)
        if first < of then of = first end
        on1, os1, oq1, omin1, omax1, ol1, ot1 =
          merge(on1, os1, oq1, omin1, omax1, ol1, ot1, tn, ts, tq, tmin, tmax, tl, tt)
        on2, os2, oq2, omin2, omax2, ol2, ot2 =
          merge(on2, os2, oq2, omin2, omax2, ol2, ot2, hn, hs, hq, hmin, hmax, hl, ht)
        local merged = pack(LAYOUT, version, on + n, of, on1, os1, oq1, omin1, omax1, ol1, ot1, on2, os2, oq2, omin2,
          omax2, ol2, ot2)
        if version == 2 then
          local t, behind = add_bins(value, BYTES + 1, tn, tbins, tlow, thigh)
          merged = merged .. t .. add_bins(value, behind, hn, hbins, hlow, hhigh)
        end
        if anew == 1 then
          call('SET', key, merged, 'EXAT', (unpack_('<d', packed, expiries + 8 * (b - 1))))
        else
          call('SET', key, merged, 'KEEPTTL')
        end
      else
        created = 1
        local version = 1
        if bit.band(histograms, bit.lshift(1, b - 1)) ~= 0 then version = 2 end
        local value = pack(LAYOUT, version, n, first, tn, ts, tq, tmin, tmax, tl, tt, hn, hs, hq, hmin, hmax, hl, ht)
        if version == 2 then
          value = value .. add_bins(nil, 0, tn, tbins, tlow, thigh) .. add_bins(nil, 0, hn, hbins, hlow, hhigh)
        end
        call('SET', key, value, 'EXAT', (unpack_('<d', packed, expiries + 8 * (b - 1))))
      end
    end
  end
  result[part - 1] = 4 * n + suspended + created
  k = k + 1 + buckets
end
return result
