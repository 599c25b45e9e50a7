// The same suite with the fast lane turned off: the lanes must not differ but in speed.
process.env.HUMTEMP_TEST_FAST_LANE = 'false';
await import('./broker.test.js');
