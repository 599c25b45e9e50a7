import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { SourceUnavailable } from './program-source.js';

const servicePackages = ['redis-server', 'mosquitto', 'mosquitto-clients'];
const lockFile = '/var/lock/humtemp-test-services.lock';
const lockWaitS = 600;

/**
 * Run under the lock, by one test process at a time. policy-rc.d is Debian's way to say that packages must not start
 * their services; ours carries a mark, so that one left behind by a killed run is still known as ours.
 */
const installScript = `
set -u
dpkg-query --show --showformat='\${db:Status-Status}\\n' "$@" 2>/dev/null | grep -c '^installed$' | grep -qx "$#" && exit 0
policy=/usr/sbin/policy-rc.d
mark='placed by humtemp test-services'
remove_policy() { if grep -qs "$mark" "$policy"; then rm -f "$policy"; fi; }
trap remove_policy EXIT
trap 'exit 130' HUP INT TERM
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\\n# %s\\nexit 101\\n' "$mark" >"$policy"
  chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
# The lock of the package lists has no time limit to wait for; the lock of dpkg has.
for pause in 2 5 10 0; do apt-get -qq update && break; sleep "$pause"; done
apt-get -qq -y --no-install-recommends -o DPkg::Lock::Timeout=300 install "$@"
`;

const installations = new Map<readonly string[], Promise<void>>();

/**
 * Installs Debian's packages, by default those of the servers and their clients, without starting any service. Test
 * processes that ask at the same time wait for the one that installs.
 * @throws SourceUnavailable when this is not Debian or we are not root
 * @throws Error with apt's output when the installation fails
 */
export function installDebianPackages(packages: readonly string[] = servicePackages): Promise<void> {
  if (!existsSync('/usr/bin/apt-get')) throw new SourceUnavailable('there is no apt-get on this machine');
  if (process.getuid?.() !== 0) throw new SourceUnavailable('only root may install packages');
  const installation = installations.get(packages) ?? install(packages);
  installations.set(packages, installation);
  return installation;
}

async function install(packages: readonly string[]): Promise<void> {
  // --close: the lock must end with this command, even if a package leaves something running.
  const command = ['--close', '--timeout', String(lockWaitS), lockFile, 'sh', '-c', installScript, 'install'];
  const child = spawn('flock', [...command, ...packages], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const [exitCode, output, complaints] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  if (exitCode !== 0)
    throw new Error(`apt-get install ${packages.join(' ')} failed (${exitCode}):\n${output}${complaints}`);
}
