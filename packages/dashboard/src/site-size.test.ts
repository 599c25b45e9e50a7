import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const SITE = fileURLToPath(new URL('../dist/site/', import.meta.url));
const BYTES_MAX = 150_000;

test('the page with all that it may ever load is small, and nothing of it comes from elsewhere', () => {
  const files = readdirSync(SITE, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  let bytes = 0;
  for (const { parentPath, name } of files) {
    const content = readFileSync(join(parentPath, name));
    bytes += gzipSync(content, { level: 9 }).length;
    if (!/\.(html|css|js)$/.test(name)) continue;
    // Names of namespaces are no addresses, and this machine is here.
    const urls = (content.toString('utf8').match(/https?:\/\/[\w.-]+/g) ?? []).filter(
      (url) => !/www\.w3\.org|127\.0\.0\.1/.test(url),
    );
    assert.deepEqual(urls, [], name);
  }
  assert.ok(bytes < BYTES_MAX, `${bytes} bytes, compressed`);
});
