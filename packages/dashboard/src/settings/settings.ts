import { computed, effect, signal } from '@preact/signals';
import type { Unit } from '../format/measures.js';
import type { Place } from '../format/moments.js';
import { parseLimits } from '../lab/limits.js';
import { parameter, setParameters } from '../shell/place.js';
import { LANGUAGES, type LanguageCode } from '../words/languages.js';

export type Theme = 'auto' | 'light' | 'dark';

/**
 * A choice of whoever looks at the page. A parameter of the URL counts before what this browser remembers, so that a
 * link shows the same to everybody.
 */
function choice<T extends string>(name: string, isValid: (text: string) => text is T, byDefault: () => T) {
  const remembered = signal(read(name));
  const value = computed(() => {
    const text = parameter(name) ?? remembered.value;
    return text !== undefined && isValid(text) ? text : byDefault();
  });
  const set = (next: T) => {
    remembered.value = next;
    write(name, next);
    if (parameter(name) !== undefined) setParameters({ [name]: undefined });
  };
  return { value, set };
}

const oneOf =
  <T extends string>(...values: readonly T[]) =>
  (text: string): text is T =>
    (values as readonly string[]).includes(text);

export const theme = choice<Theme>('theme', oneOf('auto', 'light', 'dark'), () => 'auto');
export const unit = choice<Unit>('unit', oneOf('C', 'F'), () =>
  /-(US|LR|MM)$/.test(navigator.language) ? 'F' : 'C',
);
export const zone = choice<string>('zone', isZone, ownZone);
export const language = choice<LanguageCode>('language', isLanguage, () => {
  const wanted = navigator.languages.map((tag) => tag.slice(0, 2));
  return wanted.find(isLanguage) ?? 'en';
});

export const words = computed(() => LANGUAGES[language.value.value].words);
/** The browser's own variant of the language, if it has one: en-GB writes dates otherwise than en-US. */
export const locale = computed(() => {
  const code = language.value.value;
  return navigator.languages.find((tag) => tag.startsWith(code)) ?? LANGUAGES[code].locale;
});
export const clockPlace = computed<Place>(() => ({ locale: locale.value, zone: zone.value.value }));

/** Limits for labs that have none of their own. */
export const defaultLimits = computed(() => ({
  temp: parseLimits(parameter('temp')) ?? {},
  humidity: parseLimits(parameter('humidity')) ?? {},
}));

export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** Lets the document follow. */
export function applySettings(): void {
  effect(() => {
    document.documentElement.lang = language.value.value;
    document.documentElement.dataset.theme = theme.value.value;
  });
}

function isLanguage(text: string): text is LanguageCode {
  return Object.hasOwn(LANGUAGES, text);
}

function isZone(text: string): text is string {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

// A browser may forbid storage; then nothing is remembered.
function read(name: string): string | undefined {
  try {
    return localStorage.getItem(`humtemp.${name}`) ?? undefined;
  } catch {
    return undefined;
  }
}

function write(name: string, value: string): void {
  try {
    localStorage.setItem(`humtemp.${name}`, value);
  } catch {}
}
