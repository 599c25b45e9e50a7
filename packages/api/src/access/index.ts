export { AccessTokens, type AccessTokensOptions, readTokenFile } from './access-tokens.js';
export { type ForeignPage, foreignPage, type PageHeaders, type PagesAllowed } from './foreign-page.js';
export { EVERY_LAB } from './lab-filter.js';
export {
  parseExpiry,
  parseLabs,
  parseTokenFile,
  TOKEN_NAME_EXPECTED,
  TOKEN_NAME_PATTERN,
  type TokenRights,
  withoutToken,
  withToken,
} from './token-file.js';
