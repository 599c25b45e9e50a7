import { useEffect, useRef } from 'preact/hooks';
import { SignOut } from '../access/sign-out.js';
import { fromUnit, inUnit } from '../format/measures.js';
import { type Limits, limitsText } from '../lab/limits.js';
import { setParameters } from '../shell/place.js';
import { LANGUAGES, type LanguageCode } from '../words/languages.js';
import { defaultLimits, language, ownZone, type Theme, theme, unit, words, zone } from './settings.js';

/** Zones to choose from besides the browser's own and UTC. */
const ZONES = Intl.supportedValuesOf('timeZone');

export function SettingsMenu() {
  const { settings, metric } = words.value;
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const details = menu.current;
      if (details === null || !details.open) return;
      if (event instanceof KeyboardEvent ? event.key === 'Escape' : !details.contains(event.target as Node)) {
        details.open = false;
        if (event instanceof KeyboardEvent) details.querySelector('summary')?.focus();
      }
    };
    document.addEventListener('keydown', close);
    document.addEventListener('pointerdown', close);
    return () => {
      document.removeEventListener('keydown', close);
      document.removeEventListener('pointerdown', close);
    };
  }, []);
  return (
    <details class="settings" ref={menu}>
      <summary>
        <span class="sr">{settings.title}</span>
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
          <path d="M3 6h8m4 0h2M3 14h2m4 0h8" />
          <circle cx="13" cy="6" r="2" />
          <circle cx="7" cy="14" r="2" />
        </svg>
        <span class="settings-said" aria-hidden="true">
          °{unit.value.value} ·{' '}
          {zone.value.value === 'UTC' ? 'UTC' : zone.value.value.replace(/.*\//, '').replaceAll('_', ' ')}
        </span>
      </summary>
      <div class="settings-panel">
        <label>
          {settings.language}
          <select
            value={language.value.value}
            onChange={(e) => language.set(e.currentTarget.value as LanguageCode)}
          >
            {Object.entries(LANGUAGES).map(([code, { name }]) => (
              <option key={code} value={code} lang={code}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {settings.theme}
          <select value={theme.value.value} onChange={(e) => theme.set(e.currentTarget.value as Theme)}>
            {(['auto', 'light', 'dark'] as const).map((one) => (
              <option key={one} value={one}>
                {settings.themes[one]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {settings.unit}
          <select value={unit.value.value} onChange={(e) => unit.set(e.currentTarget.value as 'C' | 'F')}>
            <option value="C">°C</option>
            <option value="F">°F</option>
          </select>
        </label>
        <label>
          {settings.zone}
          <select value={zone.value.value} onChange={(e) => zone.set(e.currentTarget.value)}>
            {[...new Set([ownZone(), 'UTC', zone.value.value, ...ZONES])].map((one) => (
              <option key={one} value={one}>
                {one.replaceAll('_', ' ')}
              </option>
            ))}
          </select>
        </label>
        <fieldset>
          <legend>{settings.limits}</legend>
          <LimitFields
            name="temp"
            label={`${metric.temp} °${unit.value.value}`}
            limits={defaultLimits.value.temp}
          />
          <LimitFields name="humidity" label={`${metric.humidity} %`} limits={defaultLimits.value.humidity} />
        </fieldset>
        <SignOut />
      </div>
    </details>
  );
}

function LimitFields(props: {
  readonly name: 'temp' | 'humidity';
  readonly label: string;
  readonly limits: Limits;
}) {
  const { name, label, limits } = props;
  const { settings } = words.value;
  const isTemp = name === 'temp';
  const shown = (value: number | undefined) =>
    value === undefined ? '' : String(isTemp ? Number(inUnit(value, unit.value.value).toFixed(2)) : value);
  const change = (end: 'min' | 'max', text: string) => {
    const number = text === '' ? undefined : Number(text);
    const value =
      number === undefined || !isTemp ? number : Number(fromUnit(number, unit.value.value).toFixed(3));
    setParameters({ [name]: limitsText({ ...limits, [end]: value }) });
  };
  return (
    <div class="limit-fields">
      <span>{label}</span>
      {(['min', 'max'] as const).map((end) => (
        <input
          key={end}
          type="number"
          step="0.5"
          value={shown(limits[end])}
          aria-label={`${label}, ${end === 'min' ? settings.lowest : settings.highest}`}
          placeholder={end === 'min' ? settings.lowest : settings.highest}
          onChange={(e) => change(end, e.currentTarget.value)}
        />
      ))}
    </div>
  );
}
