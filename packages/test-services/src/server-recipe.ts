import type { Probe } from './readiness.js';

/** Where a server is about to run: a temporary folder of this machine, or the file system of a container. */
export interface ServerPlace {
  readonly listenAddress: string;
  readonly port: number;
  readonly configFolder: string;
  readonly dataFolder: string;
  /** Whether the server is started as root of this machine; images see to their users themselves. */
  readonly startedAsRoot: boolean;
}

/** All that Redis and Mosquitto differ in. */
export interface ServerRecipe {
  readonly program: string;
  readonly image: string;
  readonly urlScheme: 'redis' | 'mqtt';
  /** The port and the data folder inside the image. */
  readonly imagePort: number;
  readonly imageDataFolder: string;
  /** Ports that it listens on besides, the same inside and outside of a container. */
  readonly furtherPorts: readonly number[];
  /** The files to lay into the configuration folder, content by name. */
  readonly files: (place: ServerPlace) => Readonly<Record<string, string>>;
  readonly commandArguments: (configFolder: string) => readonly string[];
  readonly answers: Probe;
}
