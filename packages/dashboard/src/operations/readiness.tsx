import { words } from '../settings/settings.js';
import { useLoaded } from '../shell/use-loaded.js';

const EVERY_MS = 5000;

/** Whether the process that serves this page can do its work, and why not; or what is not as it should be. */
export function Readiness() {
  const { operations: said } = words.value;
  const { value } = useLoaded('readyz', readReadiness, EVERY_MS);
  if (value === undefined) return null;
  return (
    <div class="readiness" data-ready={value.isReady} role="status">
      <b>{value.isReady ? said.ready : said.notReady}</b>
      {value.lines.map((line) => (
        <span key={line}>{line}</span>
      ))}
    </div>
  );
}

/** Why it is not ready; or, if it is, what is not as it should be. */
async function readReadiness(
  signal: AbortSignal,
): Promise<{ readonly isReady: boolean; readonly lines: readonly string[] }> {
  const response = await fetch('/readyz', { signal });
  const body = (await response.json()) as { warnings?: string[]; reasons?: string[]; detail?: string };
  if (response.ok) return { isReady: true, lines: body.warnings ?? [] };
  return { isReady: false, lines: body.reasons ?? [body.detail ?? response.statusText] };
}
