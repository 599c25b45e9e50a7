import { spanText } from '../format/spans.js';
import { link, now } from '../live/live-labs.js';
import { words } from '../settings/settings.js';
import { SettingsMenu } from '../settings/settings-menu.js';
import { hrefWith } from './place.js';

const PAGES = [
  ['', 'overview'],
  ['hours', 'hours'],
  ['ranges', 'ranges'],
  ['operations', 'operations'],
] as const;

/** Parameters that mean the same on every page go along. */
const OWN_PARAMETERS = [
  'range',
  'q',
  'show',
  'group',
  'order',
  'from',
  'to',
  'span',
  'colour',
  'sort',
  'day',
  'days',
  'month',
  'calendar',
];
const WITHOUT_OWN = Object.fromEntries(OWN_PARAMETERS.map((name) => [name, undefined]));

export function Header({ page }: { readonly page: string }) {
  const { nav } = words.value;
  return (
    <header class="header">
      <a class="brand" href={hrefWith(WITHOUT_OWN, '/')} data-page aria-label="humtemp">
        <img src="/icon.svg" width="26" height="26" alt="" />
        <span>humtemp</span>
      </a>
      <nav aria-label={nav.label}>
        {PAGES.map(([name, word]) => (
          <a
            key={name}
            href={hrefWith(WITHOUT_OWN, `/${name}`)}
            data-page
            aria-current={
              page === name || (name === '' && (page === 'lab' || page === 'paper')) ? 'page' : undefined
            }
          >
            {nav[word]}
          </a>
        ))}
        <a href={hrefWith(WITHOUT_OWN, '/wall')} data-page class="to-wall">
          {nav.wall}
        </a>
      </nav>
      <LinkState />
      <SettingsMenu />
    </header>
  );
}

/** Whether what is shown is current, in words and colour. */
export function LinkState() {
  const { live } = words.value;
  const { state } = link.value;
  const text =
    'sinceMs' in link.value
      ? live[link.value.state](spanText(Math.max(0, now.value - link.value.sinceMs)))
      : live[link.value.state as 'connecting' | 'live' | 'signed_out'];
  return (
    <span class="link-state" data-state={state} role="status">
      <span class="dot" aria-hidden="true" />
      {text}
    </span>
  );
}
