import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryFolder } from '@humtemp/test-services';

const run = promisify(execFile);

/** PEM texts of an authority, of a server that it vouches for, and of an authority that knows nothing of it. */
export interface Certificates {
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  readonly otherCa: string;
}

/** Makes certificates with the openssl command, for 127.0.0.1 and localhost. */
export async function makeCertificates(): Promise<Certificates> {
  const folder = await temporaryFolder('certificates');
  const openssl = (line: string) => run('openssl', line.split(' '), { cwd: folder.path });
  const read = (name: string) => readFile(join(folder.path, name), 'utf8');
  const newKey = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';
  try {
    await writeFile(join(folder.path, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    for (const name of ['ca', 'other'])
      await openssl(`req -x509 ${newKey} -keyout ${name}.key -out ${name}.crt -subj /CN=${name} -days 2`);
    await openssl(`req ${newKey} -keyout server.key -out server.csr -subj /CN=broker`);
    await openssl(
      'x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out server.crt -days 2',
    );
    return {
      ca: await read('ca.crt'),
      certificate: await read('server.crt'),
      key: await read('server.key'),
      otherCa: await read('other.crt'),
    };
  } finally {
    await folder.remove();
  }
}
