// The command from its sources, without a build: `node --conditions=humtemp-source --import tsx` runs this file.
import { main } from '../src/main.ts';

await main(process.argv.slice(2), process.env, 'npm run humtemp --');
