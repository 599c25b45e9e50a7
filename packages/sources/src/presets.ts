import { readFileSync } from 'node:fs';
import type { Presets } from './compile-source.js';
import { PRESETS_FOLDER, presetNames } from './preset-names.js';
import { readDescriptions } from './read-sources.js';

/** Text of the file of each preset, by name. */
export function presetTexts(): ReadonlyMap<string, string> {
  return new Map(
    presetNames().map((name) => [name, readFileSync(new URL(`${name}.yaml`, PRESETS_FOLDER), 'utf8')]),
  );
}

/** The presets that come with humtemp, read from their files. */
export function readPresets(): Presets {
  return new Map([...presetTexts()].flatMap(([name, text]) => [...readDescriptions(text, `${name}.yaml`)]));
}
