import { everyMetric } from './every-metric.js';

const BLOCK = /(<!-- metrics: (\w+) -->\n).*?(<!-- \/metrics -->)/gs;

/**
 * A document with its tables of metrics made anew. A table stands between `<!-- metrics: WHICH -->` and
 * `<!-- /metrics -->`; WHICH is process, fleet or labs.
 * @throws RangeError for any other.
 */
export async function withMetricTables(document: string): Promise<string> {
  const texts: Record<string, string> = await everyMetric();
  return document.replace(BLOCK, (_, open: string, which: string, close: string) => {
    const text = texts[which];
    if (text === undefined) throw new RangeError(`there are no metrics of ${which}`);
    return `${open}\n| metric | kind | labels | meaning |\n|---|---|---|---|\n${rowsOf(text)}\n${close}`;
  });
}

/** The rows of a text in the format of Prometheus. */
function rowsOf(text: string): string {
  return [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\w+)\n(\w+(?:\{(.*)\})? .*)?/gm)]
    .map(([, name, help, kind, , labels = '']) => {
      const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => `\`${label}\``);
      return `| \`${name}\` | ${kind} | ${names.filter((label) => label !== '`le`').join(', ')} | ${help!.replace(/\.$/, '')} |\n`;
    })
    .join('');
}
