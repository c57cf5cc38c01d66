import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Phone, Simulator } from '../../../src/simulator/index.js';

const CHILD = join(import.meta.dirname, '../child/baileys-device.mjs');

type Told = { readonly qr?: string; readonly opened?: true; readonly closed?: number };

/**
 * The folder that Baileys unchanged leaves of a device which it linked to the phone and logged in with. Disposing of it
 * removes the folder.
 */
export async function authFolder({ url, rootKey }: Simulator, phone: Phone) {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-baileys-'));

  /** Runs the program that has the device: links it first, and is connected. */
  async function start() {
    const child = fork(CHILD, [url, rootKey, folder], { stdio: 'ignore' });
    // One listener until it comes: messages may arrive several at a time.
    const told = (isIt: (message: Told) => boolean) =>
      new Promise<Told>(resolve => {
        const look = (message: Told) => {
          if (!isIt(message)) return;
          child.off('message', look);
          resolve(message);
        };
        child.on('message', look);
      });
    child.on('message', ({ qr }: Told) => qr !== undefined && void phone.scan(qr));
    await told(({ opened }) => opened === true);
    return {
      /** Resolves with the code that its connection ends with from now on. */
      closed: () => told(message => 'closed' in message).then(({ closed }) => closed),
      async dial() {
        const opened = told(message => message.opened === true);
        child.send('dial');
        await opened;
      },
      async stop() {
        child.send('leave');
        await once(child, 'exit');
      },
    };
  }

  const first = await start();
  await first.stop();
  return {
    folder,
    creds: () => readFileSync(join(folder, 'creds.json')),
    start,
    /** Makes all files look as old as this. */
    age(seconds: number) {
      const time = new Date(Date.now() - seconds * 1000);
      for (const name of readdirSync(folder)) utimesSync(join(folder, name), time, time);
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
