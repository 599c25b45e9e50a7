import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { gzipSync } from 'node:zlib';

/** A file as it is sent. */
export interface SiteFile {
  readonly type: string;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The same, compressed; undefined where that saves nothing. */
  readonly gzip: Uint8Array<ArrayBuffer> | undefined;
  readonly etag: string;
}

const TYPE_OF_EXTENSION: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
};

const PACKED_ALREADY = new Set(['.woff2']);
const GZIP_LEVEL = 9;

/**
 * Every file of a built page, by its path with `/` between the parts. They are few and small: all are kept in memory.
 * Undefined where the folder has no index.html.
 */
export function readSite(folder: string): ReadonlyMap<string, SiteFile> | undefined {
  const files = new Map<string, SiteFile>();
  try {
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      const type = TYPE_OF_EXTENSION[extname(entry.name)];
      if (!entry.isFile() || type === undefined) continue;
      const path = join(entry.parentPath, entry.name);
      files.set(relative(folder, path).split(sep).join('/'), siteFile(path, type));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return files.has('index.html') ? files : undefined;
}

function siteFile(path: string, type: string): SiteFile {
  const body = new Uint8Array(readFileSync(path));
  const gzip = PACKED_ALREADY.has(extname(path))
    ? undefined
    : new Uint8Array(gzipSync(body, { level: GZIP_LEVEL }));
  const digest = createHash('sha256').update(body).digest('base64url').slice(0, 22);
  return { type, body, gzip, etag: `"${digest}"` };
}
