// `npm start`, `npm run humtemp`: installs and builds what is not yet, then runs the command in this process.
const [major] = process.versions.node.split('.');
if (Number(major) < 20) {
  console.error(`humtemp: Node ${process.versions.node} is too old; it needs Node 20 or later`);
  process.exit(2);
}
const { prepare } = await import('./prepare.js');
await prepare('run');
const { main } = await import('../dist/main.js');
await main(process.argv.slice(2), process.env, 'npm run humtemp --');
