import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { installDebianPackages } from './debian-packages.js';
import { installedProgram } from './installed-program.js';
import { SourceUnavailable } from './program-source.js';

const run = promisify(execFile);
const pythonPackages = ['python3-paho-mqtt'];
const cPackages = ['libpaho-mqtt-dev'];
/** Debian's packages are for Debian's Python, which need not be the first on PATH. */
const debianPython = '/usr/bin/python3';

/**
 * Path of a Python that has Eclipse Paho's client, from PATH or Debian's packages.
 * @throws Error that says why there is none
 */
export async function pythonWithPaho(): Promise<string> {
  for (const python of ['python3', debianPython]) if (await canImportPaho(python)) return python;
  await fromDebian(pythonPackages);
  return debianPython;
}

/**
 * Compiles a C program of one file that uses Eclipse Paho's blocking client, with TLS.
 * @throws Error that says what is missing, or with the compiler's complaints
 */
export async function compileWithPaho(source: string, program: string): Promise<void> {
  const compiler = installedProgram('cc');
  if (!(await canCompile(compiler))) await fromDebian(cPackages);
  await run(compiler, ['-Wall', '-o', program, source, '-lpaho-mqtt3cs']);
}

async function fromDebian(packages: readonly string[]): Promise<void> {
  try {
    await installDebianPackages(packages);
  } catch (error) {
    if (!(error instanceof SourceUnavailable)) throw error;
    throw new Error(`${packages} is not installed, and ${error.message}`, { cause: error });
  }
}

function canImportPaho(python: string): Promise<boolean> {
  return succeeds(python, ['-c', 'import paho.mqtt.client']);
}

function canCompile(compiler: string): Promise<boolean> {
  return succeeds('sh', ['-c', 'echo "#include <MQTTClient.h>" | "$0" -E - -o /dev/null', compiler]);
}

function succeeds(program: string, args: readonly string[]): Promise<boolean> {
  return run(program, args).then(
    () => true,
    () => false,
  );
}
