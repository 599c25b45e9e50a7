-- What commit.lua does, but for first, latest, absent values and histograms, with a hash for each bucket.
--
-- KEYS      for each lab: its identities of the hour, then its bucket of every resolution
-- ARGV[1]   'increment': a HINCRBY for each field that adds up; 'rewrite': one HMGET, one HSET
-- ARGV[2]   resolutions
-- ARGV[3]   when the identities expire, Unix seconds; then when the buckets of each resolution do
-- ARGV[…]   for each lab its rows, packed little-endian: f64 identity, i32 temp, i32 humidity (thousandths)

local unpack_, call, min, max = struct.unpack, redis.call, math.min, math.max
local DECIMAL = string.format('%d', 2 ^ 52) == '4503599627370496' and '%d' or '%.0f'

-- Sums as whole numbers: Lua would write large ones with an exponent.
local function whole(number) return string.format('%.0f', number) end

local function increment(key, expiry, n, ts, tq, tmin, tmax, hs, hq, hmin, hmax)
  local held = call('HINCRBY', key, 'tn', n)
  call('HINCRBY', key, 'ts', ts)
  call('HINCRBY', key, 'tq', whole(tq))
  call('HINCRBY', key, 'hn', n)
  call('HINCRBY', key, 'hs', hs)
  call('HINCRBY', key, 'hq', whole(hq))
  if held == n then
    call('HSET', key, 'tmin', tmin, 'tmax', tmax, 'hmin', hmin, 'hmax', hmax)
    call('EXPIREAT', key, expiry)
    return
  end
  local m = call('HMGET', key, 'tmin', 'tmax', 'hmin', 'hmax')
  if tmin < tonumber(m[1]) then call('HSET', key, 'tmin', tmin) end
  if tmax > tonumber(m[2]) then call('HSET', key, 'tmax', tmax) end
  if hmin < tonumber(m[3]) then call('HSET', key, 'hmin', hmin) end
  if hmax > tonumber(m[4]) then call('HSET', key, 'hmax', hmax) end
end

local function rewrite(key, expiry, n, ts, tq, tmin, tmax, hs, hq, hmin, hmax)
  local m = call('HMGET', key, 'tn', 'ts', 'tq', 'tmin', 'tmax', 'hn', 'hs', 'hq', 'hmin', 'hmax')
  if m[1] then
    call('HSET', key, 'tn', m[1] + n, 'ts', m[2] + ts, 'tq', whole(m[3] + tq), 'tmin', min(m[4], tmin), 'tmax',
      max(m[5], tmax), 'hn', m[6] + n, 'hs', m[7] + hs, 'hq', whole(m[8] + hq), 'hmin', min(m[9], hmin), 'hmax',
      max(m[10], hmax))
  else
    call('HSET', key, 'tn', n, 'ts', ts, 'tq', whole(tq), 'tmin', tmin, 'tmax', tmax, 'hn', n, 'hs', hs, 'hq',
      whole(hq), 'hmin', hmin, 'hmax', hmax)
    call('EXPIREAT', key, expiry)
  end
end

-- True for each row that is fresh. Identities are added as they are found. As in commit.lua.
local function deduplicate(key, identities, rows)
  local fresh = {}
  for i = 1, rows do identities[i] = string.format(DECIMAL, identities[i]) end
  if rows <= 2 then
    for i = 1, rows do fresh[i] = call('SADD', key, identities[i]) == 1 end
    return fresh
  end
  local known = call('SMISMEMBER', key, unpack(identities))
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
  return fresh
end

local merge = ARGV[1] == 'increment' and increment or rewrite
local resolutions = tonumber(ARGV[2])
local k = 1
for a = 4 + resolutions, #ARGV do
  local packed, at, rows = ARGV[a], 1, 0
  local identities, temps, humidities = {}, {}, {}
  local length = #packed
  while at <= length do
    rows = rows + 1
    identities[rows], temps[rows], humidities[rows], at = unpack_('<di4i4', packed, at)
  end
  local is_new = call('SCARD', KEYS[k]) == 0
  local fresh = deduplicate(KEYS[k], identities, rows)
  if is_new then call('EXPIREAT', KEYS[k], ARGV[3]) end
  local n, ts, tq, hs, hq = 0, 0, 0, 0, 0
  local tmin, tmax, hmin, hmax = math.huge, -math.huge, math.huge, -math.huge
  for i = 1, rows do
    if fresh[i] then
      local t, h = temps[i], humidities[i]
      local td, hd = t - 20000, h - 50000
      n = n + 1 ts = ts + t tq = tq + td * td hs = hs + h hq = hq + hd * hd
      if t < tmin then tmin = t end
      if t > tmax then tmax = t end
      if h < hmin then hmin = h end
      if h > hmax then hmax = h end
    end
  end
  if n > 0 then
    for r = 1, resolutions do merge(KEYS[k + r], ARGV[3 + r], n, ts, tq, tmin, tmax, hs, hq, hmin, hmax) end
  end
  k = k + 1 + resolutions
end
