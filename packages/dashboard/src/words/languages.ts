import { de } from './de.js';
import { en } from './en.js';

/** Every language of the page: one file each, and one line here. */
export const LANGUAGES = {
  en: { name: 'English', locale: 'en-GB', words: en },
  de: { name: 'Deutsch', locale: 'de-DE', words: de },
} as const;

export type LanguageCode = keyof typeof LANGUAGES;
