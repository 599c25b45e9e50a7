#!/usr/bin/env bash
# Node 20.20.2: an fstat of a pipe makes the next import leave symbolic links as they are.
# realpathSync keeps the folders that it knows, and at each of these looks at the numbers of the last stat of the
# process, whatever that was of. After that of a pipe it ends early. So a library that was found through a link, as
# pnpm and npm workspaces make them, does not find its own dependencies: ERR_MODULE_NOT_FOUND.
# Node 26.10.0 does not do so.
# For humtemp: the log asks for BigInts where it looks at a file descriptor, as they are kept elsewhere.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@20.20.2
export PATH="$folder/node_modules/node/bin:$PATH"
mkdir -p app/node_modules store/node_modules/{needs,needed}
echo '{"name":"needs","type":"module","exports":"./i.js"}' >store/node_modules/needs/package.json
echo "import 'needed'; import 'node:fs';" >store/node_modules/needs/i.js
echo '{"name":"needed","type":"module","exports":"./i.js"}' >store/node_modules/needed/package.json
echo "export const x = 1;" >store/node_modules/needed/i.js
ln -s ../../store/node_modules/needs app/node_modules/needs
cat >app/run.mjs <<'JS'
import { fstatSync } from 'node:fs';
const [how] = process.argv.slice(2);
if (how === 'numbers') fstatSync(2);
if (how === 'bigints') fstatSync(2, { bigint: true });
console.log(await import('needs').then(() => 'found', (error) => error.code));
JS
node --version
for how in nothing bigints numbers; do
  # Standard error is a pipe.
  seen=$(node app/run.mjs $how 2> >(cat >/dev/null))
  echo "after fstat ($how): $seen"
  [ $how = numbers ] && expected=ERR_MODULE_NOT_FOUND || expected=found
  [ "$seen" = "$expected" ] || exit 1
done
