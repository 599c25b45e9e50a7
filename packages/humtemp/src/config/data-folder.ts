import { isAbsolute, join } from 'node:path';

/** The default of earlier versions, in the folder that humtemp was started from. */
export const FORMER_DATA_FOLDER = './humtemp-data';

/** What the default depends on, besides the environment. */
export interface Surroundings {
  /** The home folder of the user. */
  readonly home: string;
  /** Whether a folder exists. */
  exists(path: string): boolean;
}

/**
 * Where the embedded store is if nobody says: the folder for the state of programs, which neither an upgrade
 * nor `git clean` removes (XDG Base Directory Specification). Data of an earlier version stays where it is.
 */
export function defaultDataFolder(env: NodeJS.ProcessEnv, { home, exists }: Surroundings): string {
  return exists(FORMER_DATA_FOLDER) ? FORMER_DATA_FOLDER : stateFolder(env, home);
}

/** $XDG_STATE_HOME/humtemp or ~/.local/state/humtemp. */
export function stateFolder(env: NodeJS.ProcessEnv, home: string): string {
  const state = env.XDG_STATE_HOME;
  // "All paths set in these environment variables must be absolute", and others are to be ignored.
  return join(state !== undefined && isAbsolute(state) ? state : join(home, '.local', 'state'), 'humtemp');
}
