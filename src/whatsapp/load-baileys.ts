import { setImmediate } from 'node:timers/promises';

type OverBaileys = typeof import('./over-baileys.js');

/**
 * What takes long of Baileys, each with what it needs of the ones before. Without an account that connects or links
 * none of it is loaded: it is most of a service's code, and a third of its memory.
 */
const PARTS = [
  () => import('@whiskeysockets/baileys/WAProto/index.js'),
  () => import('@whiskeysockets/baileys/lib/Utils/logger.js'),
  () => import('@whiskeysockets/baileys/lib/Utils/generics.js'),
  () => import('@whiskeysockets/baileys'),
];

async function load(): Promise<OverBaileys> {
  for (const part of PARTS) {
    await part();
    await setImmediate(); // Calls are answered in between.
  }
  return import('./over-baileys.js');
}

let loaded: Promise<OverBaileys> | undefined;

/** What is made of Baileys, which is loaded when it is first asked for. */
export function overBaileys(): Promise<OverBaileys> {
  loaded ??= load();
  return loaded;
}
