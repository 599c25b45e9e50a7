import { readFileSync } from 'node:fs';
import { cost, type Prices, quantities, UNITS } from './cost.js';

/**
 * `npm run cost -- SENSORS INTERVAL_S [PRICES.json]`: what an installation takes in a month, and with prices what it costs.
 */
const [sensorsText, intervalText, pricesFile] = process.argv.slice(2);
const [sensors, intervalS] = [Number(sensorsText), Number(intervalText)];
if (!(sensors >= 1) || !(intervalS > 0)) {
  process.stderr.write(
    'npm run cost -- SENSORS INTERVAL_S [PRICES.json]\nPRICES.json has, by your region:\n',
  );
  for (const [name, unit] of Object.entries(UNITS)) process.stderr.write(`  ${name}: ${unit}\n`);
  process.exit(2);
}
const taken = quantities({ sensors, intervalS });
for (const [name, amount] of Object.entries(taken))
  process.stdout.write(`${name.padEnd(18)} ${Math.round(amount * 10) / 10}\n`);
if (pricesFile !== undefined) {
  const prices = JSON.parse(readFileSync(pricesFile, 'utf8')) as Partial<Prices>;
  for (const [name, unit] of Object.entries(UNITS))
    if (typeof prices[name as keyof Prices] !== 'number')
      throw new Error(`${pricesFile} lacks ${name}: ${unit}`);
  const sum = cost(taken, prices as Prices);
  process.stdout.write(`a month            ${sum.toFixed(2)}\n`);
  process.stdout.write(`per 1,000 sensors  ${((sum / sensors) * 1000).toFixed(2)}\n`);
}
