import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Behaviour,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../../src/simulator/index.js';

/** Of those that each link leaves at WhatsApp, which has the client make new ones when there are fewer than five. */
const PRE_KEYS_KEPT = 20;

type State = { accounts: { devices: { keys: { preKeys: unknown[] } }[] }[] };

/**
 * Lets `live` do something on a simulated WhatsApp that takes long, as linking does, which makes 812 keys; then starts
 * that WhatsApp as it was in the end, as often as tests need it.
 */
export async function worldCopies<T>(
  live: (simulator: Simulator) => Promise<T>,
  behaviour: Partial<Behaviour> = {},
) {
  const folder = newFolder();
  const simulator = await startSimulator({ stateFile: folder.stateFile, behaviour });
  const left = await live(simulator);
  await simulator.stop();
  const state = JSON.parse(readFileSync(folder.stateFile, 'utf8')) as State;
  folder.remove();
  for (const { devices } of state.accounts)
    for (const { keys } of devices) keys.preKeys.splice(PRE_KEYS_KEPT);

  return {
    /** What `live` brought. */
    left,
    async start(options: SimulatorOptions = {}): Promise<Simulator> {
      const { stateFile, remove } = newFolder();
      writeFileSync(stateFile, JSON.stringify(state));
      const copy = await startSimulator({ ...options, stateFile });
      const stop = async () => {
        await copy.stop();
        remove();
      };
      return { ...copy, stop };
    },
  };
}

function newFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-world-'));
  return {
    stateFile: join(folder, 'whatsapp.json'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
