import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryFolder } from '@humtemp/test-services';
import { pino } from 'pino';
import { readConfig } from '../../config/config.js';
import { startRole } from '../../start/roles.js';
import { token } from '../token/command.js';
import { parseReplayArguments, parseSimulateArguments } from './options.js';
import { replay } from './replay.js';
import { simulate } from './simulate.js';

test('with --token-file, an API with tokens says what became of the observations', async (t) => {
  const folder = await temporaryFolder('humtemp-ledger-token');
  t.after(() => folder.remove());
  const [rows, tokens, good, bad] = ['rows.csv', 'tokens', 'good', 'bad'].map((name) =>
    join(folder.path, name),
  ) as [string, string, string, string];
  await writeFile(rows, 'lab_id,timestamp,temp,humidity\na,1790000000,20,50\na,1790000001,21,51\n');
  await writeFile(good, (await token([tokens, 'ledger'], Date.now())).result);
  await writeFile(bad, 'another\n');
  const config = readConfig(
    {
      HUMTEMP_MQTT_PORT: '0',
      HUMTEMP_API_PORT: '0',
      HUMTEMP_DATA_DIR: join(folder.path, 'data'),
      HUMTEMP_API_TOKENS_FILE: tokens,
    },
    'start',
  );
  const running = await startRole('start', config, pino({ level: 'silent' }));
  t.after(() => running.stop());
  const api = `http://127.0.0.1:${running.api!.port}`;
  const addresses = ['--url', `mqtt://127.0.0.1:${running.broker!.portOf('mqtt')}`, '--api', api];
  const nowhere = { write: () => {} };
  const replayed = async (...args: string[]) => {
    const options = parseReplayArguments([rows, '--shift-to', 'now', ...addresses, ...args]);
    const { ledger, ledgerProblem } = await replay(options, nowhere);
    return ledgerProblem ?? ledger?.received;
  };

  assert.equal(await replayed(), `${api}/ledger asks for a token; --token-file FILE gives it`);
  assert.equal(
    await replayed('--token-file', bad),
    `${api}/ledger does not know the token, or it has expired`,
  );
  assert.equal(await replayed('--token-file', good), 2);
  const { ledger } = await simulate(
    parseSimulateArguments([
      ...['--labs', '3', '--interval', '1', '--duration', '1', '--token-file', good],
      ...addresses,
    ]),
    nowhere,
  );
  assert.equal(ledger?.received, 3);
});
