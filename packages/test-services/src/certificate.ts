import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { localProgram } from './local-program.js';
import { temporaryFolder } from './temporary-folder.js';

const run = promisify(execFile);
const packages = ['openssl'];
const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

/** A server's certificate with its key, and the authority that vouches for it and for nothing else; PEM texts. */
export interface Certificate {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a certificate of this common name for 127.0.0.1 and localhost, valid from now on for two days.
 * @throws Error that says what to install where there is no openssl
 */
export async function makeCertificate(name: string): Promise<Certificate> {
  const program = await localProgram('openssl', packages);
  const folder = await temporaryFolder('certificate');
  const openssl = (line: string, ...more: string[]) =>
    run(program, [...line.split(' '), ...more], { cwd: folder.path });
  const read = (file: string) => readFile(join(folder.path, file), 'utf8');
  try {
    await writeFile(join(folder.path, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    // A client that trusts two authorities looks them up by name: each has its own.
    await openssl(`req -x509 ${newKey} -keyout ca.key -out ca -days 2 -subj`, `/CN=authority of ${name}`);
    await openssl(`req ${newKey} -keyout key -out request -subj`, `/CN=${name}`);
    await openssl(
      'x509 -req -in request -CA ca -CAkey ca.key -CAcreateserial -extfile names -out cert -days 2',
    );
    return { ca: await read('ca'), cert: await read('cert'), key: await read('key') };
  } finally {
    await folder.remove();
  }
}
