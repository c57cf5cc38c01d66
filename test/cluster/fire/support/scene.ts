import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  copyOf,
  instanceName,
  linkTemplate,
  writeDatabase,
  writeSimulatorState,
} from '../../../../bench/stage/seed.js';
import { startSimulator } from '../../../../src/simulator/index.js';
import { COMPILE_CACHE, TOKEN } from '../../../fire/support/scene.js';
import { databaseUrl } from '../../../stores/postgres/postgres-data.js';
import { caller, OWN_CONNECTION } from '../../../support/call.js';
import { secretsIn } from '../../../support/log-scan.js';
import { postgresServer } from '../../../support/postgres-server.js';
import type { Desk } from './desk.js';
import { nodePlace } from './node-place.js';
import { rowsOf, watchForStaleWrites } from './stale-writes.js';
import { overlapsOf, runOf, wordsAfterwards } from './witness.js';

const SERVICE_CONFIG = readFileSync(
  join(import.meta.dirname, '../../../../clients/service-config.json'),
  'utf8',
);
const NODES = 3;

/** WhatsApp with so many linked accounts in this process, PostgreSQL, and places for three nodes. */
export type Scene = Awaited<ReturnType<typeof openScene>>;

export async function openScene(size: number) {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-cluster-'));
  const stateFile = join(folder, 'whatsapp.json');
  const [template, database] = await Promise.all([linkTemplate(folder), postgresServer()]);
  const identities = Array.from({ length: size }, (_, index) => copyOf(template, index));
  writeSimulatorState(template, size, stateFile);
  const simulator = await startSimulator({ stateFile });
  const desks = identities.map(({ phoneNumber }, index): Desk => {
    const phone = simulator.phone(phoneNumber);
    if (!phone) throw new Error('a state without its phones');
    return { instance: instanceName(index), phone };
  });

  const url = databaseUrl('postgres', database.url);
  const masterKey = randomBytes(32);
  await writeDatabase(url, masterKey, identities);
  await watchForStaleWrites(url);
  const env = {
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    WA_PRIVACY_DATA_DIR: join(folder, 'data'),
    WA_PRIVACY_MASTER_KEY: masterKey.toString('base64'),
    WA_PRIVACY_ACCOUNT_TOKEN: TOKEN,
    WA_PRIVACY_RATE_LIMIT_PER_MINUTE: '1000000',
    WA_PRIVACY_SETS_PER_HOUR: '0',
    WA_PRIVACY_READS_PER_HOUR: '0',
    WA_PRIVACY_LOOKUPS_PER_HOUR: '0',
    WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
  };
  // An address of this machine that no other test listens at.
  const network = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  const nodes = await Promise.all(
    Array.from({ length: NODES }, (_, index) =>
      nodePlace({
        name: `n${index + 1}`,
        host: `${network}.${index + 1}`,
        databaseUrl: url,
        whatsAppUrl: simulator.url,
        env,
        token: TOKEN,
      }),
    ),
  );
  const addresses = `ipv4:${nodes.map(({ address }) => address).join()}`;
  const open = (address = addresses) =>
    caller(address, TOKEN, { ...OWN_CONNECTION, 'grpc.service_config': SERVICE_CONFIG });

  const sessionsOf = ({ phone }: Desk) => simulator.sessions(phone.phoneNumber);

  return {
    simulator,
    desks,
    database,
    databaseUrl: url,
    nodes,
    /** A client as the README would have it, over all three nodes or of one. */
    client: open,
    /** Whether WhatsApp has every account on a connection. */
    areConnected: () => desks.every(({ phone }) => phone.devices().some(({ connected }) => connected)),
    /** The same by processes of these names. */
    areConnectedBy: (runs: readonly string[]) =>
      desks.every(desk =>
        sessionsOf(desk).some(
          ({ until, replaced, target }) =>
            until === undefined && replaced === undefined && runs.includes(runOf(target)),
        ),
      ),
    /** Every login that found the account connected by another process. */
    overlaps: () => {
      const freezes = nodes.flatMap(node => node.freezes);
      return desks.flatMap(desk => overlapsOf(desk, sessionsOf(desk), freezes));
    },
    /** What was said on connections that another process had replaced. */
    wordsAfterwards: () => wordsAfterwards(desks.flatMap(sessionsOf), simulator.stanzas),
    /** What was written by who did not hold the instance. */
    staleWrites: () => rowsOf(url, 'select * from stale_write'),
    /** Ends everything, and fails when a secret stands in what a node wrote. */
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(node => node.end('SIGKILL')));
      await Promise.all(nodes.map(({ way }) => way[Symbol.asyncDispose]()));
      await simulator.stop();
      await database.remove();
      rmSync(folder, { recursive: true });
      const people = desks.flatMap(({ phone }) => [phone.phoneNumber, phone.lid]);
      const found = secretsIn(
        nodes
          .map(node => node.log())
          .join('')
          .split('\n'),
        people,
      );
      if (found.length > 0) throw new Error(`secrets in the log:\n${found.slice(0, 20).join('\n')}`);
    },
  };
}
