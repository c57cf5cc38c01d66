import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { specOf } from '../../src/domain/settings/settings-table.js';
import { parseAssignments } from '../../src/input/assignments.js';
import { ON_BAILEYS, OVER_WHATSMEOW } from '../figures/against.js';
import { type Fleet, fleet } from './fleet.js';
import { http } from './http.js';
import { type Measured, measured, measuredProgram } from './processes.js';
import type { Identity } from './seed.js';
import type { WhatsApp } from './simulator.js';
import { whatsmeow, writeDevices } from './whatsmeow.js';

/** What the service is held against: the seed's way over one library. */
export type Peer = {
  readonly what: typeof ON_BAILEYS | typeof OVER_WHATSMEOW;
  /** Why it cannot be had; undefined when it can. */
  readonly missing: string | undefined;
  /** Logs so many of its accounts in. */
  readonly start: (size: number, env?: Record<string, string>) => Promise<RunningPeer>;
};

export type RunningPeer = Fleet & {
  readonly phoneNumbers: readonly string[];
  /** Milliseconds until it listened. */
  readonly listenMs: number;
  /** Sets these one after another. */
  readonly change: (account: number, assignments: readonly string[]) => Promise<unknown>;
  /** What it has in memory of the settings. */
  readonly read: (account: number) => Promise<unknown>;
  readonly stop: () => Promise<void>;
};

/** Both, each with accounts that are linked at this WhatsApp. */
export async function peersOf(
  whatsApp: WhatsApp,
  folder: string,
  accounts: { readonly baileys: readonly Identity[]; readonly whatsmeow: readonly Identity[] },
): Promise<readonly Peer[]> {
  const built = await whatsmeow();
  return [
    {
      what: ON_BAILEYS,
      missing: undefined,
      start: async (size, env) => {
        const taken = accounts.baileys.slice(0, size);
        const file = join(folder, 'baileys.json');
        writeFileSync(file, JSON.stringify(taken));
        const program = fileURLToPath(new URL('../peers/baileys.js', import.meta.url));
        return running(() => measured([program, whatsApp.url, whatsApp.rootKey, file], env), taken);
      },
    },
    {
      what: OVER_WHATSMEOW,
      missing: 'missing' in built ? built.missing : undefined,
      start: async (size, env) => {
        if ('missing' in built) throw new Error(built.missing);
        const taken = accounts.whatsmeow.slice(0, size);
        const file = await writeDevices(built.binary, folder, taken);
        const args = ['serve', file, whatsApp.url, whatsApp.rootKey];
        return running(() => measuredProgram(built.binary, args, env), taken);
      },
    },
  ];
}

async function running(start: () => Measured, accounts: readonly Identity[]): Promise<RunningPeer> {
  const started = performance.now();
  const process = start();
  const logins = fleet(process, /^open$/, accounts.length);
  const [, address = ''] = await process.watch(/^listening on (\S+)/).reached(1);
  const listenMs = performance.now() - started;
  const { ask, close } = http(address);
  const pathOf = (account: number) => `/accounts/${accounts[account]?.phoneNumber}`;
  return {
    ...logins,
    phoneNumbers: accounts.map(({ phoneNumber }) => phoneNumber),
    listenMs,
    change: (account, assignments) => ask('PATCH', pathOf(account), changesOf(assignments)),
    read: account => ask('GET', pathOf(account)),
    async stop() {
      close();
      await process.stop();
    },
  };
}

const changesOf = (assignments: readonly string[]) =>
  [...parseAssignments(assignments)].map(([setting, value]) => ({
    category: specOf(setting).category,
    value,
  }));
