import { words } from '../settings/settings.js';
import { useLoaded } from '../shell/use-loaded.js';

const EVERY_MS = 5000;

/** Whether the process that serves this page can do its work, and why not. */
export function Readiness() {
  const { operations: said } = words.value;
  const { value } = useLoaded('readyz', readReadiness, EVERY_MS);
  if (value === undefined) return null;
  return (
    <div class="readiness" data-ready={value.length === 0} role="status">
      <b>{value.length === 0 ? said.ready : said.notReady}</b>
      {value.map((reason) => (
        <span key={reason}>{reason}</span>
      ))}
    </div>
  );
}

/** Why it is not ready; empty when it is. */
async function readReadiness(signal: AbortSignal): Promise<readonly string[]> {
  const response = await fetch('/readyz', { signal });
  if (response.ok) return [];
  const { reasons, detail } = (await response.json()) as { reasons?: string[]; detail?: string };
  return reasons ?? [detail ?? response.statusText];
}
