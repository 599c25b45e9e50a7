import { useSignal } from '@preact/signals';
import { service } from '../live/live-labs.js';
import { words } from '../settings/settings.js';
import { StartSimulation } from './simulation.js';

/** Nobody was ever heard: the lines to paste for a first observation. The page goes on by itself when it has come. */
export function EmptyState() {
  const { empty } = words.value;
  const { hostname, origin } = window.location;
  const mqtt = service.value?.mqtt;
  const port = mqtt?.listeners.find(({ kind }) => kind === 'mqtt')?.port;
  const topic = (mqtt?.topics[0] ?? 'labs/+/observation').replace('+', 'my-lab').replace(/[+#]/g, 'room-1');
  const host = hostname === 'localhost' || hostname === '127.0.0.1' ? '' : ` -h ${hostname}`;
  return (
    <section class="empty">
      <div class="pulse" aria-hidden="true" />
      <h1>{empty.title}</h1>
      <p>{empty.lead}</p>
      <StartSimulation />
      {port !== undefined && (
        <Line
          title={empty.publish}
          text={`mosquitto_pub${host}${port === 1883 ? '' : ` -p ${port}`} -t ${topic} -q 1 -m '{"temp":22.08,"humidity":51.53}'`}
          note={empty.account}
        />
      )}
      <Line
        title={empty.post}
        text={`curl -X POST ${origin}/observation -d '{"lab_id":"my-lab","temp":22.08,"humidity":51.53}'`}
      />
      {port !== undefined && (
        <Line
          title={empty.simulate}
          text={`npm run humtemp -- simulate --labs 20${port === 1883 ? '' : ` --url mqtt://${hostname}:${port}`}${origin === 'http://127.0.0.1:8000' ? '' : ` --api ${origin}`}`}
        />
      )}
      <Line title={empty.zigbee} text="HUMTEMP_SOURCES=labs,zigbee2mqtt,tasmota,shelly npm start" />
      <p>
        <a href="/docs">{empty.docs}</a>
      </p>
    </section>
  );
}

function Line({
  title,
  text,
  note,
}: {
  readonly title: string;
  readonly text: string;
  readonly note?: string;
}) {
  const { empty } = words.value;
  const isCopied = useSignal(false);
  const copy = async () => {
    // Only on pages that came over https, or from this machine.
    await navigator.clipboard?.writeText(text);
    isCopied.value = true;
    setTimeout(() => {
      isCopied.value = false;
    }, 2000);
  };
  return (
    <div class="paste">
      <h2>{title}</h2>
      <pre>{text}</pre>
      {navigator.clipboard !== undefined && (
        <button type="button" onClick={copy}>
          {isCopied.value ? empty.copied : empty.copy}
        </button>
      )}
      {note !== undefined && <p class="hint">{note}</p>}
    </div>
  );
}
