import { writeFile } from 'node:fs/promises';
import { markdownTable } from './figures.js';
import { headerOf, machine } from './machine.js';
import { OPTIONS_HELP, type Options, readOptions } from './options.js';
import { endEverythingAtExit } from './processes/process-group.js';
import type { Report, Scenario } from './scenario.js';
import { SCENARIOS } from './scenarios.js';

/** Runs the scenarios that were asked for, prints a table of each, and writes every number to a JSON file. */
async function main(argv: readonly string[]): Promise<void> {
  const options = readOptions(argv);
  if (options.help) {
    print(help());
    return;
  }
  const scenarios = scenariosNamed(options);
  endEverythingAtExit();
  const figures = { ...machine(argv), size: options.size };
  print(headerOf(figures));
  if (options.scenarios.length === 0)
    print(`All scenarios, ${options.size}; one that is named is measured at its normal size.\n`);
  const reports: Record<string, Report> = {};
  for (const scenario of scenarios) {
    process.stderr.write(`${scenario.name}\n`);
    const report = await scenario.run(options);
    reports[scenario.name] = report;
    print(textOf(report));
    await writeFile(
      options.jsonFile,
      `${JSON.stringify({ ...figures, scenarios: reports }, undefined, 1)}\n`,
    );
  }
  print(`Every number: ${options.jsonFile}\n`);
  if (Object.values(reports).some(({ failures }) => failures.length > 0)) process.exitCode = 1;
}

/** @throws Error if there is none of a name. */
function scenariosNamed({ scenarios }: Options): readonly Scenario[] {
  if (scenarios.length === 0) return SCENARIOS;
  return scenarios.map((name) => {
    const scenario = SCENARIOS.find((candidate) => candidate.name === name);
    if (scenario === undefined) throw new Error(`no such scenario: ${name}; --help lists them`);
    return scenario;
  });
}

function textOf({ title, columns, rows, notes, failures }: Report): string {
  return [
    title,
    '',
    ...(rows.length > 0 ? [markdownTable(columns, rows)] : []),
    ...notes,
    ...failures.map((failure) => `FAILED: ${failure}`),
    '',
  ].join('\n');
}

function help(): string {
  const lines = SCENARIOS.map(({ name, summary }) => `  ${name.padEnd(18)} ${summary}\n`);
  return (
    'npm run bench -- [SCENARIO…] [OPTION…]\n\n' +
    'Scenarios, by default at their normal size; none named: all of them, short, which takes about 8 minutes on two quiet cores\n' +
    `${lines.join('')}\nOptions\n${OPTIONS_HELP}`
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
