import { createSecureContext, type Server } from 'node:tls';
import { FileWatch, readRegularFile } from '@humtemp/watched-files';

export interface CertificateOptions {
  /** PEM: the certificate, and those between it and the authority behind it. */
  readonly certFile: string;
  /** PEM, without a password. */
  readonly keyFile: string;
  readonly onReload: () => void;
  readonly onError: (error: Error) => void;
}

/** A certificate or its key that cannot be read or do not belong together. */
export class CertificateError extends Error {
  override readonly name = 'CertificateError';
}

interface Pem {
  readonly cert: Buffer;
  readonly key: Buffer;
}

const LOOK_EVERY_MS = 1000;
const FILE_BYTES_MAX = 1024 * 1024;

/**
 * The certificate of the TLS listeners, read again when one of its files changes. Two files are never written at the
 * same moment, so a pair that does not fit together is left alone, and what was there stays in use, until it does.
 */
export class Certificate {
  readonly #watch: FileWatch;
  readonly #servers = new Set<Server>();
  #pem: Pem = { cert: Buffer.alloc(0), key: Buffer.alloc(0) };

  private constructor(readonly options: CertificateOptions) {
    const { certFile, keyFile, onError } = options;
    this.#watch = new FileWatch(
      [{ paths: [certFile, keyFile], load: () => this.#load(), onError }],
      LOOK_EVERY_MS,
    );
  }

  /** @throws CertificateError */
  static async open(options: CertificateOptions): Promise<Certificate> {
    const certificate = new Certificate(options);
    // A change while it is read is seen.
    await certificate.#watch.start();
    try {
      certificate.#pem = await read(options);
    } catch (error) {
      certificate.close();
      throw error;
    }
    return certificate;
  }

  get pem(): Pem {
    return this.#pem;
  }

  /** Keeps the certificate of a server up to date. */
  keep(server: Server): void {
    this.#servers.add(server);
  }

  /** Reads both files now. */
  reload(): Promise<void> {
    return this.#watch.loadAll();
  }

  close(): void {
    this.#watch.stop();
  }

  async #load(): Promise<void> {
    const pem = await read(this.options);
    if (pem.cert.equals(this.#pem.cert) && pem.key.equals(this.#pem.key)) return;
    this.#pem = pem;
    for (const server of this.#servers) server.setSecureContext(pem);
    this.options.onReload();
  }
}

/** @throws CertificateError */
async function read({ certFile, keyFile }: CertificateOptions): Promise<Pem> {
  const cert = await readPem(certFile);
  const key = await readPem(keyFile);
  try {
    createSecureContext({ cert, key });
  } catch (error) {
    const { message } = error as Error;
    throw new CertificateError(`${certFile} and ${keyFile}: no certificate and its key: ${message}`, {
      cause: error,
    });
  }
  return { cert, key };
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readRegularFile(file, FILE_BYTES_MAX);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new CertificateError(`${file}: ${code === 'ENOENT' ? 'there is no such file' : message}`, {
      cause: error,
    });
  }
}
