import { progress } from '../by-turns.js';
import { mib } from '../figures.js';
import { CAN_LOOK } from '../measuring/process-figures.js';
import { findProgram } from '../processes/find-program.js';
import { leftOut, type Report, type Scenario } from '../scenario.js';
import type { Attack } from './attack.js';
import { type Attacked, attackOnce } from './attack-once.js';
import { ATTACKS } from './run-attack.js';

const DURATION_S = { smoke: 1, short: 4, normal: 10 };
const LABS = { smoke: 50, short: 1000, normal: 1000 };
const P99_MS_MAX = 250;
const RSS_BYTES_MAX = 512 * 1024 * 1024;

/** What a stranger on the network can do to the sensors. Judged by one of them that goes on publishing. */
export const attacks: Scenario = {
  name: 'attacks',
  summary: 'a sensor goes on publishing while the broker and the API are attacked; --peers names attacks',
  async run(options): Promise<Report> {
    if (!CAN_LOOK) return leftOut('attacks: left out, there is no /proc here to read memory from');
    if (findProgram('chrt') === undefined)
      return leftOut(
        'attacks: left out, there is no chrt here that keeps the attack from taking time of others',
      );
    const size = { labs: LABS[options.size], durationS: options.durationS ?? DURATION_S[options.size] };
    const wanted =
      options.peers.length === 0 ? ATTACKS : ATTACKS.filter(({ name }) => options.peers.includes(name));
    const results: { readonly attack: Attack | undefined; readonly attacked: Attacked }[] = [];
    for (const attack of [undefined, ...wanted]) {
      const attacked = await attackOnce(attack, size);
      progress(
        `${attack?.name ?? 'none'}: p99 ${ms(attacked.victim.p99Ms)} ms, RSS ${mib(attacked.rssBytesMax)} MiB`,
      );
      results.push({ attack, attacked });
    }
    return {
      title: `attacks: an observation at QoS 1 every 20 ms for ${size.durationS} s each, ${size.labs} labs, heap of 512 MiB`,
      columns: ['attack', 'published', 'PUBACK ms: p50', 'p99', 'max', 'without', 'RSS MiB, most'],
      rows: results.map(({ attack, attacked: { victim, rssBytesMax } }) => [
        attack === undefined ? 'none' : `${attack.name}: ${attack.what}`,
        `${victim.published}`,
        ms(victim.p50Ms),
        ms(victim.p99Ms),
        ms(victim.maxMs),
        `${victim.unanswered}`,
        mib(rssBytesMax),
      ]),
      notes: [`Wanted: p99 of at most ${P99_MS_MAX} ms, and ${mib(RSS_BYTES_MAX)} MiB.`],
      failures: results.flatMap(({ attack, attacked }) =>
        failuresOf(attacked, options.size !== 'smoke').map((what) => `${attack?.name ?? 'none'}: ${what}`),
      ),
      figures: { size, results },
    };
  },
};

/** @param withFigures judges times and memory as well: those of a short look say nothing. */
function failuresOf({ victim, rssBytesMax, ended, counted }: Attacked, withFigures: boolean): string[] {
  const failures: string[] = [];
  if (ended !== undefined) failures.push(ended);
  if (victim.cut) failures.push('the sensor was disconnected');
  const acknowledged = victim.published - victim.unanswered;
  if (counted !== undefined && counted < acknowledged)
    failures.push(`${acknowledged} observations are acknowledged, and ${counted} counted`);
  if (!withFigures) return failures;
  if (victim.p99Ms > P99_MS_MAX) failures.push(`p99 of ${ms(victim.p99Ms)} ms`);
  if (rssBytesMax > RSS_BYTES_MAX) failures.push(`${mib(rssBytesMax)} MiB`);
  return failures;
}

function ms(value: number): string {
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}
