/** Under what a process shares what became of its publishes, by source. */
export function sharedSourcesName(process: string): string {
  return `sources:${process}`;
}
