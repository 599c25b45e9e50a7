// Run while the image is built, as root: node only-what-runs.js FOLDER. Lays into FOLDER the programs that humtemp needs
// and the libraries that they are linked with, and adds both to the bill of materials. Nothing else of Debian is in the image.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Bash is for the health check, and for whoever looks into a container. */
const PROGRAMS = ['/usr/local/bin/node', '/bin/bash'];
const FILES = ['/etc/os-release', '/etc/nsswitch.conf', '/usr/share/doc/libc6/copyright'];
const BILL = '/humtemp/node_modules/humtemp/sbom.cdx.json';
const USER = 'node:x:1000:1000::/home/node:/bin/bash\n';

const into = process.argv[2];
if (into === undefined) throw new Error('expected a folder');
const files = [...new Set([...PROGRAMS, ...PROGRAMS.flatMap(librariesOf)])];
for (const file of [...files, ...FILES]) copy(file);
for (const folder of ['data', 'tmp', 'home/node']) mkdirSync(join(into, folder), { recursive: true });
symlinkSync('bash', join(into, 'bin/sh'));
writeFileSync(join(into, 'etc/passwd'), `root:x:0:0::/:/bin/bash\n${USER}`);
writeFileSync(join(into, 'etc/group'), 'root:x:0:\nnode:x:1000:\n');
const bill = JSON.parse(readFileSync(BILL, 'utf8'));
bill.components.push(nodeComponent(), ...[...new Set(files.flatMap(packageOf))].sort().map(debianComponent));
writeFileSync(BILL, `${JSON.stringify(bill, null, 2)}\n`);

/** @param {string} program @returns {string[]} paths as the program asks for them, and its loader */
function librariesOf(program) {
  const lines = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...lines.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => /** @type {string} */ (path));
}

/** @param {string} file */
function copy(file) {
  const copied = join(into, file);
  mkdirSync(dirname(copied), { recursive: true });
  copyFileSync(file, copied);
}

/** The Debian package that a file is of. dpkg may know it below /usr. @param {string} file @returns {string[]} */
function packageOf(file) {
  for (const path of [file, realpathSync(file), file.replace(/^\/usr/, ''), `/usr${file}`]) {
    try {
      const owner = execFileSync('dpkg-query', ['--search', path], { encoding: 'utf8', stdio: 'pipe' });
      return [owner.split(': ')[0] ?? ''];
    } catch {
      // Node itself is of no package.
    }
  }
  return [];
}

/** @param {string} name */
function debianComponent(name) {
  const shown = execFileSync('dpkg-query', ['--show', name], { encoding: 'utf8' });
  const [, bare, version = ''] = /^([^:\t]+)(?::\w+)?\t(\S+)/.exec(shown) ?? [];
  const purl = `pkg:deb/debian/${bare}@${encodeURIComponent(version)}?distro=bookworm`;
  return { type: 'library', 'bom-ref': purl, name: bare, version, purl };
}

function nodeComponent() {
  const version = process.version.slice(1);
  const purl = `pkg:generic/node@${version}`;
  return { type: 'platform', 'bom-ref': purl, name: 'node', version, purl };
}
