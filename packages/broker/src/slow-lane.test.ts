// The same suites with the fast lane turned off: the lanes must not differ but in speed.
process.env.HUMTEMP_TEST_FAST_LANE = 'false';
for (const suite of ['broker', 'subscribers', 'frames', 'limits', 'authorization'])
  await import(`./${suite}.test.js`);
