import { readdirSync, readFileSync } from 'node:fs';
import type { Presets } from './compile-source.js';
import { readDescriptions } from './read-sources.js';

const directory = new URL('../presets/', import.meta.url);

/** Text of the file of each preset, by name. */
export function presetTexts(): ReadonlyMap<string, string> {
  const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
  return new Map(
    files.sort().map((file) => [file.replace(/\.yaml$/, ''), readFileSync(new URL(file, directory), 'utf8')]),
  );
}

/** The presets that come with humtemp, read from their files. */
export function readPresets(): Presets {
  return new Map([...presetTexts()].flatMap(([name, text]) => [...readDescriptions(text, `${name}.yaml`)]));
}
