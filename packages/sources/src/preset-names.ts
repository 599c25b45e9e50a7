import { readdirSync } from 'node:fs';

export const PRESETS_FOLDER = new URL('../presets/', import.meta.url);

/** Names of the presets that come with humtemp, in alphabetical order. Reads no file. */
export function presetNames(): string[] {
  return readdirSync(PRESETS_FOLDER)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.replace(/\.yaml$/, ''))
    .sort();
}
