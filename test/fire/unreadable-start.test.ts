import { cpSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/config/config.js';
import { events } from '../../src/observability/events.js';
import { createLogger } from '../../src/observability/logger.js';
import { ACCOUNT_TOKEN, startService } from '../support/service.js';
import { watchIo } from './support/io.js';

const STARTS = 100;

/** Reads of the database since the last start, and from which to which of them fail. */
const reads = { count: 0, failFrom: Number.POSITIVE_INFINITY, failTo: 0 };
watchIo('none', ({ kind }) => {
  if (kind !== 'read') return undefined;
  const number = reads.count++;
  if (number >= reads.failFrom && number <= reads.failTo)
    throw new Sqlite.SqliteError('disk I/O error', 'SQLITE_IOERR_READ');
  return undefined;
});

/** From a copy: a service that could not start still has its database open. */
const credentialsIn = (dataDir: string): unknown[] => {
  const copy = join(dataDir, 'copy');
  for (const file of readdirSync(dataDir)) cpSync(join(dataDir, file), join(copy, file));
  const database = new Sqlite(join(copy, 'wa-privacy.db'));
  const rows = database.prepare('select * from credential').all();
  database.close();
  return rows;
};

test('a start that cannot read everything makes no identity', async () => {
  await using service = await startService({ simulator: { behaviour: { preKeys: 'asked' } } });
  const { phone } = await service.linked();
  await service.stop();
  const before = credentialsIn(service.dataDir);
  const env = {
    WA_PRIVACY_LISTEN: '127.0.0.1:0',
    WA_PRIVACY_MASTER_KEY: readFileSync(join(service.dataDir, 'master-key'), 'utf8').trim(),
    WA_PRIVACY_ACCOUNT_TOKEN: ACCOUNT_TOKEN,
    WA_PRIVACY_WHATSAPP_URL: service.simulator.url,
    WA_PRIVACY_WHATSAPP_ROOT_KEY: service.simulator.rootKey,
  };
  const devices = () => phone.devices().map(({ device }) => device);
  const linked = devices();
  const registrations = () => service.simulator.stanzas.filter(({ device }) => device === undefined).length;
  const registered = registrations();

  /** Starts on a copy of the data; says what became of it, once that is known. */
  async function startOnCopy(name: string): Promise<string> {
    const dataDir = join(service.dataDir, name);
    cpSync(join(service.dataDir, 'wa-privacy.db'), join(dataDir, 'wa-privacy.db'));
    const result = readConfig({ flags: {}, env: { ...env, WA_PRIVACY_DATA_DIR: dataDir } });
    if (result.kind === 'mistakes') throw new Error(result.mistakes.join('\n'));
    const heard: string[] = [];
    const told = events(createLogger('silent'));
    const app = await createApp(result.config, {
      ...told,
      instanceStateChanged: ({ state, reason }) => {
        if (state === 'CONNECTED' || reason !== '') heard.push(reason || state);
      },
    }).catch((error: Error) => {
      heard.push(`refused to start: ${error.message}`);
    });
    await vi.waitUntil(() => heard[0], { timeout: 60_000 });
    reads.failFrom = Number.POSITIVE_INFINITY;
    await app?.stop();
    expect(credentialsIn(dataDir)).toEqual(before);
    return heard[0] ?? '';
  }

  reads.count = 0;
  expect(await startOnCopy('clean')).toBe('CONNECTED');
  const inAll = reads.count;
  const fates = new Set<string>();
  for (let start = 0; start < STARTS; start++) {
    const failFrom = start % inAll;
    const isLasting = Math.floor(start / inAll) % 2 === 1;
    Object.assign(reads, { count: 0, failFrom, failTo: isLasting ? Number.POSITIVE_INFINITY : failFrom });
    fates.add(await startOnCopy(`start-${start}`));
  }
  expect(fates).toContain('refused to start: disk I/O error');
  expect(fates).toContain('The stored credentials could not be read');
  expect(registrations()).toBe(registered);
  expect(devices()).toEqual(linked);
});
