import { installDebianPackages } from './debian-packages.js';
import { requireDockerEngine } from './docker-engine.js';
import { withFreePort } from './free-port.js';
import { installedProgram } from './installed-program.js';
import { fromFirstSource, sourcesToTry } from './program-source.js';
import { startServerProcess } from './server-process.js';
import type { ServerRecipe } from './server-recipe.js';
import type { Service } from './service.js';

/** Starts a server from the first source that has it, on a free port. */
export function startService(recipe: ServerRecipe): Promise<Service> {
  return fromFirstSource(recipe.program, sourcesToTry(), (source) =>
    withFreePort(async (port) => {
      if (source === 'docker') {
        await requireDockerEngine();
        // Loaded only now: testcontainers takes half a second, which most test files need not spend.
        const { startServerContainer } = await import('./server-container.js');
        return startServerContainer(recipe, port);
      }
      if (source === 'debian') await installDebianPackages();
      return startServerProcess(recipe, source, installedProgram(recipe.program), port);
    }),
  );
}
