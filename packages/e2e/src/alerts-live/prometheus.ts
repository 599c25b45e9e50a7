import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, localProgram } from '@humtemp/test-services';

const RULES = fileURLToPath(new URL('../../../../docs/grafana/humtemp-alerts.yaml', import.meta.url));
/** A minute of the rules is a second here, and a day two and a half minutes. */
const DAY = '150s';
const PAUSE_MS = 250;

/** An alert that began or ceased to fire. */
export interface Transition {
  readonly alert: string;
  readonly isFiring: boolean;
  readonly atMs: number;
}

/** The rules as they are, with times sixty times shorter. */
function rulesInAHurry(): string {
  return readFileSync(RULES, 'utf8')
    .replace(/offset 1d/g, `offset ${DAY}`)
    .replace(/(\[|offset |for: )(\d+)m\b/g, '$1$2s')
    .replace(/(\[|offset |for: )(\d+)h\b/g, (_, before, hours) => `${before}${Number(hours) * 60}s`);
}

/** A real Prometheus that scrapes each second, and what its alerts did. */
export class Prometheus {
  readonly transitions: Transition[] = [];
  readonly alerts: readonly string[];
  #firing = new Set<string>();
  #isClosing = false;

  private constructor(
    readonly url: string,
    private readonly child: ChildProcess,
    rules: string,
  ) {
    this.alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name!);
  }

  /** @param targets by job: `host:port`, and the path that is asked for. */
  static async start(
    folder: string,
    targets: readonly { readonly job: string; readonly path: string; readonly hosts: readonly string[] }[],
  ): Promise<Prometheus> {
    const rules = rulesInAHurry();
    writeFileSync(join(folder, 'rules.yaml'), rules);
    const config = {
      global: { scrape_interval: '1s', scrape_timeout: '1s', evaluation_interval: '1s' },
      rule_files: ['rules.yaml'],
      scrape_configs: targets.map(({ job, path, hosts }) => ({
        job_name: job,
        metrics_path: path,
        static_configs: [{ targets: hosts }],
      })),
    };
    // JSON is YAML.
    writeFileSync(join(folder, 'prometheus.yaml'), JSON.stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const options = [
      `--config.file=${join(folder, 'prometheus.yaml')}`,
      `--storage.tsdb.path=${join(folder, 'tsdb')}`,
      `--web.listen-address=${address}`,
      '--log.level=error',
    ];
    const program = await localProgram('prometheus', ['prometheus']);
    const child = spawn(program, options, { stdio: ['ignore', 'inherit', 'inherit'] });
    const prometheus = new Prometheus(`http://${address}`, child, rules);
    while (!(await prometheus.#isReady())) await pause(PAUSE_MS);
    void prometheus.#watch();
    return prometheus;
  }

  /** The one value of a query; undefined if there is none. */
  async value(query: string): Promise<number | undefined> {
    const url = `${this.url}/api/v1/query?query=${encodeURIComponent(query)}`;
    const { data } = (await (await fetch(url)).json()) as { data: { result: { value: [number, string] }[] } };
    return data.result[0] && Number(data.result[0].value[1]);
  }

  get firing(): readonly string[] {
    return [...this.#firing];
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.child.kill('SIGTERM');
    await once(this.child, 'exit');
  }

  #isReady(): Promise<boolean> {
    return fetch(`${this.url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  async #watch(): Promise<void> {
    while (!this.#isClosing) {
      const firing = await this.#asked().catch(() => undefined);
      if (firing !== undefined) this.#note(firing);
      await pause(PAUSE_MS);
    }
  }

  async #asked(): Promise<Set<string>> {
    const { data } = (await (await fetch(`${this.url}/api/v1/alerts`)).json()) as {
      data: { alerts: { state: string; labels: { alertname: string } }[] };
    };
    return new Set(
      data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels.alertname),
    );
  }

  #note(firing: Set<string>): void {
    const atMs = Date.now();
    for (const alert of this.alerts)
      if (firing.has(alert) !== this.#firing.has(alert))
        this.transitions.push({ alert, isFiring: firing.has(alert), atMs });
    this.#firing = firing;
  }
}
