import type { Fault } from '../../src/simulator/world/faults.js';
import { type Measured, measured } from './processes.js';

/** A simulated WhatsApp in a process of its own. */
export type WhatsApp = {
  readonly url: string;
  readonly rootKey: string;
  /** The round trip of every connection. */
  readonly setLatency: (ms: number) => Promise<void>;
  /** The privacy stanzas that were received since the last call. */
  readonly takeStanzas: () => Promise<number>;
  readonly inject: (fault: Fault) => Promise<void>;
  /** Category and value, as they are there. */
  readonly settingsOf: (phoneNumber: string) => Promise<Readonly<Record<string, string>>>;
  readonly process: Measured;
};

/** Runs one whose accounts are in that file. */
export async function startWhatsApp(bin: string, stateFile: string): Promise<WhatsApp> {
  const address = ['--listen', '127.0.0.1:0', '--control', '0'];
  const process = measured([bin, 'simulate', ...address, '--state', stateFile]);
  const [url, rootKey, control] = await Promise.all(
    [/WHATSAPP_URL=(\S+)/, /ROOT_KEY=(\S+)/, /control interface: (\S+)/].map(
      async pattern => (await process.watch(pattern).reached(1))[1] ?? '',
    ),
  );
  if (!url || !rootKey) throw new Error('the simulator did not say where it is');

  async function ask<Answer>(method: string, path: string, body?: object): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }) };
    const response = await fetch(`${control}/${path}`, init);
    if (!response.ok) throw new Error(await response.text());
    return response.json() as Promise<Answer>;
  }

  return {
    url,
    rootKey,
    process,
    async setLatency(latencyMs) {
      await ask('PATCH', 'behaviour', { latencyMs });
    },
    async takeStanzas() {
      const stanzas = await ask<unknown[]>('GET', 'stanzas?tag=iq&xmlns=privacy');
      await ask('DELETE', 'stanzas');
      return stanzas.length;
    },
    async inject(fault) {
      await ask('POST', 'faults', fault);
    },
    async settingsOf(phoneNumber) {
      const { settings } = await ask<{ settings: Record<string, string> }>('GET', `phones/${phoneNumber}`);
      return settings;
    },
  };
}
