// `npm run setup`: installs everything, the tools of developers included.
import { prepare } from './prepare.js';

await prepare('all');
