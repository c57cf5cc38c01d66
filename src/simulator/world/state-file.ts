import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { BufferJSON } from '@whiskeysockets/baileys';
import type { ServerKeys } from '../wire/certificates.js';
import type { Person } from './directory.js';
import type { Account, Device } from './world.js';

/** What survives a restart of the simulator: its keys, the accounts and their linked devices, and who is on WhatsApp. */
export type SimulatorState = {
  readonly keys: ServerKeys;
  readonly accounts: readonly Account[];
  readonly people: readonly Person[];
};

/** Reads the file; undefined when there is none yet. */
export function readState(file: string): SimulatorState | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  // Written by writeState, so it has the shape of what that makes.
  const { keys, accounts, people } = JSON.parse(text, BufferJSON.reviver) as ReturnType<typeof plain>;
  return { keys, accounts: accounts.map(revived), people };
}

/** Replaces the file as a whole. */
export function writeState(file: string, state: SimulatorState): void {
  const draft = `${file}.new`;
  writeFileSync(draft, JSON.stringify(plain(state), BufferJSON.replacer), { mode: 0o600 });
  renameSync(draft, file);
}

const plain = ({ keys, accounts, people }: SimulatorState) => ({
  keys,
  people,
  accounts: accounts.map(account => ({
    ...account,
    settings: [...account.settings],
    blocked: [...account.blocked],
    lists: [...account.lists].map(([category, { stamp, members }]) => ({
      category,
      stamp,
      members: [...members],
    })),
    devices: [...account.devices.values()].map(
      ({ id, noiseKey, linkTime, lastActive, unacked, keys, dirty }) => ({
        id,
        noiseKey,
        linkTime,
        lastActive,
        unacked,
        keys: { ...keys, preKeys: [...keys.preKeys] },
        dirty: [...dirty],
      }),
    ),
  })),
});

const revived = (account: ReturnType<typeof plain>['accounts'][number]): Account => ({
  ...account,
  settings: new Map(account.settings),
  blocked: new Set(account.blocked ?? []), // Older files have none.
  lists: new Map(
    account.lists.map(({ category, stamp, members }) => [category, { stamp, members: new Set(members) }]),
  ),
  devices: new Map(
    account.devices.map(({ keys, dirty, linkTime, lastActive, ...device }): [number, Device] => [
      device.id,
      {
        ...device,
        linkTime: new Date(linkTime),
        lastActive: new Date(lastActive ?? linkTime), // Older files have none.
        isAvailable: false,
        keys: { ...keys, preKeys: new Map(keys.preKeys) },
        dirty: new Set(dirty),
        held: new Set(),
        refused: new Set(),
        connection: undefined,
        delivery: undefined,
      },
    ]),
  ),
});
