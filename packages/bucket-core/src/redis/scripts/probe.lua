-- Does on a key of its own what the other scripts do, so that a right that is missing shows before anything is half done.
--
-- KEYS[1], KEYS[2]  keys that nobody uses
-- Result            1

local call, key, other = redis.call, KEYS[1], KEYS[2]
call('DEL', key, other)
call('SET', key, 'x', 'EX', 60)
call('APPEND', key, 'x')
call('GETRANGE', key, -6, -1)
call('STRLEN', key)
call('EXISTS', key)
call('SET', key, call('GET', key), 'KEEPTTL')
call('EXPIRE', key, 60)
call('EXPIREAT', key, 4102444800)
call('RENAME', key, other)
call('DEL', other)
call('ZADD', key, 'GT', 1, 'x')
call('ZCOUNT', key, 0, '+inf')
call('ZSCORE', key, 'x')
call('ZRANGE', key, '-', '+', 'BYLEX', 'LIMIT', 0, 1)
call('ZRANGE', key, '-inf', '(1', 'BYSCORE', 'LIMIT', 0, 1)
call('ZREM', key, 'x')
call('HSET', key, 'x', 'y')
call('HGET', key, 'x')
call('DEL', key)
call('HGETALL', key)
return 1
