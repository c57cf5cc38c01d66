import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { databaseUrlMistake } from '../config/database-url.js';
import { UsageError } from '../input/usage-error.js';
import { embeddedPostgres } from './embedded-postgres.js';

/** Where nodes keep what they share. */
export type Database = { readonly url: string; remove(): Promise<void> };

/** The database that was named; or a PostgreSQL server of our own, of which nothing is left. */
export async function demoDatabase(named: string | undefined): Promise<Database> {
  if (named === undefined) return startDatabase();
  const url = named.startsWith('@') ? readFileSync(named.slice(1), 'utf8').trim() : named;
  const mistake = databaseUrlMistake(url);
  if (mistake !== undefined)
    throw new UsageError([`--database: ${mistake}, or the name of a file with one behind @`]);
  return { url, remove: async () => undefined };
}

async function startDatabase(): Promise<Database> {
  const EmbeddedPostgres = await embeddedPostgres().catch(() => {
    throw new UsageError([
      '--nodes: needs --database with a PostgreSQL database without data as yet; ' +
        'only a checkout of the repository brings a server of its own',
    ]);
  });
  const port = await freePort();
  const databaseDir = mkdtempSync(join(tmpdir(), 'wa-privacy-demo-postgres-'));
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0, // The server does not run as root.
    initdbFlags: ['--no-sync'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    onLog: () => undefined,
    onError: () => undefined,
  });
  const remove = () => rmSync(databaseDir, { recursive: true, force: true });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    remove();
    throw new Error('The PostgreSQL server of the demo does not start; name one with --database', {
      cause: error,
    });
  }
  return {
    url: `postgres://postgres:password@127.0.0.1:${port}/postgres`,
    async remove() {
      await server.stop();
      remove();
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}
