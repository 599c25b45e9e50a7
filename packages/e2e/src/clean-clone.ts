import { cp } from 'node:fs/promises';
import { basename } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type TemporaryFolder, temporaryFolder } from '@humtemp/test-services';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const LEFT_OUT = new Set(['.git', 'node_modules', 'dist', 'humtemp-data']);

/** A copy of the sources in which nothing is installed or built. It is removed after the test. */
export async function cleanClone(t: TestContext): Promise<TemporaryFolder> {
  const folder = await temporaryFolder('humtemp-clean-clone');
  t.after(() => folder.remove());
  await cp(ROOT, folder.path, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  return folder;
}
