import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ConnectionState } from '../../src/instances/connecting/connection-state.js';
import { dialer } from '../../src/instances/connecting/dialer.js';
import { type Supervisor, supervise } from '../../src/instances/connecting/supervisor.js';
import { type Effect, type Phone, type Simulator, startSimulator } from '../../src/simulator/index.js';
import { whatsApp } from '../../src/whatsapp/index.js';
import { linkDevice } from '../support/link.js';
import { memoryCredentials } from '../support/memory-credentials.js';
import { QUIET_LOG } from '../support/quiet-log.js';
import { heapBytes, open, parts, settled } from './support/open.js';

const ROUNDS = 1_000;
const SIDE_BY_SIDE = 4;
/** Code is compiled and pools are filled. */
const WARM_UP = 100;
/** A Baileys socket alone is more than ten times this. */
const BYTES_PER_ROUND = 4_000;

type Desk = {
  readonly phone: Phone;
  readonly supervisor: Supervisor;
  /** Fulfils in this state. */
  readonly reached: (state: ConnectionState['state']) => Promise<void>;
};
/** Ends a connection, or keeps one from being made. */
type End = (desk: Desk) => Promise<void>;

let simulator: Simulator;
const credentials = memoryCredentials();
const faults: unknown[] = [];
/** Of more listeners than there should be on one emitter or signal, among others. */
const warnings: Error[] = [];
const warned = (warning: Error) => void warnings.push(warning);

beforeEach(async () => {
  simulator = await startSimulator({ behaviour: { refresh: 'never' } });
  process.on('warning', warned);
});
afterEach(async () => {
  process.off('warning', warned);
  await simulator.stop();
});

const broken =
  (breaks: (phone: Phone) => void): End =>
  async ({ phone, reached }) => {
    breaks(phone);
    await reached('backing_off');
  };
const refused =
  (effect: Effect, state: ConnectionState['state']): End =>
  async ({ phone: { phoneNumber }, supervisor, reached }) => {
    await supervisor.rest({ state: 'unlinked' });
    simulator.inject({ match: { on: 'login', phoneNumber }, effect });
    supervisor.connect();
    await reached(state);
  };

const ENDS: readonly End[] = [
  ({ supervisor }) => supervisor.rest({ state: 'unlinked' }),
  broken(phone => phone.streamError(503)),
  broken(phone => phone.dropConnections('reset')),
  broken(phone => phone.dropConnections('close')),
  refused({ do: 'failure', reason: 401 }, 'logged_out'),
  refused({ do: 'failure', reason: 503 }, 'backing_off'),
  refused({ do: 'reset' }, 'backing_off'),
];

/** Instances, each linked and supervised, with the dials of one node in front. */
function linkedDesks(count: number): Promise<Desk[]> {
  const log = {
    ...QUIET_LOG,
    taskFailed: ({ cause }: { cause: unknown }) => faults.push(cause),
  };
  const adapter = whatsApp({ ...simulator, credentials, log });
  const node = dialer(adapter, log);
  const linkedDesk = async (_: unknown, index: number): Promise<Desk> => {
    const instance = `desk-${index}`;
    const phone = simulator.addPhone({ phoneNumber: `1555010000${index}` });
    await linkDevice(adapter, instance, phone);
    let changed = () => {};
    const supervisor = supervise({ instance, dialer: node, initial: { state: 'unlinked' }, log });
    supervisor.begin({ onConnection: () => changed(), onPrivacyPush: () => undefined });
    const reached = (state: ConnectionState['state']) =>
      new Promise<void>(resolve => {
        changed = () => {
          if (supervisor.connection.state === state) resolve();
        };
        changed();
      });
    return { phone, supervisor, reached };
  };
  return Promise.all(Array.from({ length: count }, linkedDesk));
}

/** Connects, reads, and ends the connection one way or another. */
async function round(desk: Desk, end: End): Promise<void> {
  const { supervisor, reached } = desk;
  supervisor.connect();
  await reached('connected');
  if (supervisor.connection.state === 'connected') await supervisor.connection.session.readPrivacy(60_000);
  await end(desk);
  simulator.clearStanzas();
  credentials.calls.length = 0;
}

test('nothing is left of a thousand connections, however they ended', async () => {
  const before = open();
  const desks = await linkedDesks(SIDE_BY_SIDE);
  let next = 0;
  /** Leaves no connection. */
  const roundsUntil = async (count: number) => {
    const play = async (desk: Desk) => {
      while (next < count) await round(desk, ENDS[next++ % ENDS.length] as End);
      await desk.supervisor.rest({ state: 'unlinked' });
    };
    await Promise.all(desks.map(play));
    await settled(open, before);
  };

  await roundsUntil(WARM_UP);
  const [partsBefore, bytesBefore] = [parts(), heapBytes()];
  await roundsUntil(WARM_UP + ROUNDS);
  await settled(parts, partsBefore);
  expect(heapBytes() - bytesBefore).toBeLessThan(BYTES_PER_ROUND * ROUNDS);
  expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
  expect(faults).toEqual([]);
});
