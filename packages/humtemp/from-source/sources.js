// The command from its sources, without a build: node --conditions=humtemp-source --import tsx THIS-FILE
import { main } from '../src/main.ts';

await main(process.argv.slice(2), process.env, 'npm run humtemp --');
