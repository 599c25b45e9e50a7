/** One thing that was looked at. */
export interface Finding {
  /** error: humtemp cannot do its work so. warning: something will be lost, slow or open, some day. */
  readonly level: 'ok' | 'warning' | 'error';
  /** What was looked at. */
  readonly area: 'configuration' | 'files' | 'data folder' | 'ports' | 'clock' | 'Redis' | 'broker' | 'API';
  readonly what: string;
  /** The line to change, where it is known. */
  readonly change?: string;
}

export function ok(area: Finding['area'], what: string): Finding {
  return { level: 'ok', area, what };
}

export function warning(area: Finding['area'], what: string, change?: string): Finding {
  return { level: 'warning', area, what, ...(change !== undefined && { change }) };
}

export function error(area: Finding['area'], what: string, change?: string): Finding {
  return { level: 'error', area, what, ...(change !== undefined && { change }) };
}

const MARK = { ok: 'ok     ', warning: 'warning', error: 'ERROR  ' } as const;

/** A line for each, and the change below it. */
export function findingsText(findings: readonly Finding[]): string {
  return findings
    .map(({ level, area, what, change }) => {
      const line = `${MARK[level]}  ${area.padEnd(13)}  ${what}\n`;
      return change === undefined ? line : `${line}${' '.repeat(24)}→ ${change}\n`;
    })
    .join('');
}
