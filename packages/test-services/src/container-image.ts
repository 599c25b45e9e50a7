import { createHash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { type ContainerRuntimeClient, ImageName } from 'testcontainers';
import { SourceUnavailable } from './program-source.js';
import { sharedFolder } from './shared-folder.js';

const pullMsMax = 120_000;
const failureRememberedMs = 600_000;

/**
 * Makes sure that the engine has the image, pulling it when it has not. testcontainers would pull too, but without a
 * bound. A failed pull is remembered for ten minutes, or every test file would wait for the same unreachable registry.
 * @throws SourceUnavailable when the image can be had neither way
 */
export async function requireImage(client: ContainerRuntimeClient, image: string): Promise<void> {
  const name = ImageName.fromString(image);
  if (await client.image.exists(name)) return;
  const failureMark = join(
    sharedFolder('missing-images'),
    createHash('sha256').update(image).digest('hex').slice(0, 16),
  );
  if (isRecent(failureMark)) throw new SourceUnavailable(`image ${image} could not be pulled a moment ago`);
  try {
    const abortSignal = AbortSignal.timeout(pullMsMax);
    const progress = await client.container.dockerode.pull(name.string, { abortSignal });
    progress.resume();
    await finished(progress, { signal: abortSignal });
  } catch (error) {
    writeFileSync(failureMark, '');
    throw new SourceUnavailable(`image ${image} cannot be pulled: ${(error as Error).message}`);
  }
  // The engine reports a failure in the midst of a pull as a line of progress.
  if (await client.image.exists(name)) return;
  writeFileSync(failureMark, '');
  throw new SourceUnavailable(`image ${image} is missing, and pulling it failed`);
}

function isRecent(file: string): boolean {
  try {
    return Date.now() - statSync(file).mtimeMs < failureRememberedMs;
  } catch {
    return false;
  }
}
