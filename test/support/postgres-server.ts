import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync, chownSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { embeddedPostgres } from '../../src/demo/embedded-postgres.js';
import type { Pair } from './certificate.js';

declare module 'vitest' {
  // What the setup hands to the tests.
  interface ProvidedContext {
    databaseServer: string;
    /** What the names of the databases of this run begin with. */
    databasePrefix: string;
  }
}

/** A PostgreSQL server of our own. It syncs nothing: no test cuts the power. */
export type PostgresServer = {
  /** Without the name of a database. */
  readonly url: string;
  start(): Promise<void>;
  /** Ends its sessions, then itself. */
  stop(): Promise<void>;
  /** Ends it as a crash does. */
  kill(): Promise<void>;
  /** Ends it and the data. */
  remove(): Promise<void>;
};

const FLAGS = {
  fsync: 'off',
  full_page_writes: 'off',
  listen_addresses: '127.0.0.1,127.0.0.2', // Certificates are for the first.
  unix_socket_directories: '',
  max_connections: '200',
};

/** Starts a server on a free port, which speaks TLS too where it is given a certificate. */
export async function postgresServer(tls?: Pair): Promise<PostgresServer> {
  const port = await freePort();
  const databaseDir = mkdtempSync(join(tmpdir(), 'wa-privacy-postgres-'));
  const log: string[] = [];
  const EmbeddedPostgres = await embeddedPostgres();
  const server = new EmbeddedPostgres({
    databaseDir,
    port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0, // The server does not run as root.
    initdbFlags: ['--no-sync'],
    postgresFlags: Object.entries(FLAGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    onLog: line => void log.push(line),
    onError: line => void log.push(String(line)),
  });
  /** A server that was killed leaves processes for a moment, beside which no other starts. */
  async function start() {
    for (let attempt = 1; ; attempt++) {
      try {
        return await server.start();
      } catch (cause) {
        const said = log.slice(-20).join('');
        if (attempt === 50) throw new Error(`PostgreSQL does not start:\n${said}`, { cause });
        await setTimeout(200);
      }
    }
  }
  await server.initialise();
  if (tls) serveTls(databaseDir, tls);
  await start();
  return {
    url: `postgres://postgres:password@127.0.0.1:${port}`,
    start,
    stop: () => server.stop(),
    async kill() {
      const { process } = server as unknown as { process: ChildProcess };
      const ended = once(process, 'exit');
      process.kill('SIGKILL');
      await ended;
    },
    async remove() {
      await server.stop();
      rmSync(databaseDir, { recursive: true, force: true });
    },
  };
}

/** It reads a key that belongs to its own user alone. */
function serveTls(databaseDir: string, { cert, key }: Pair): void {
  const { uid, gid } = statSync(databaseDir);
  for (const [name, text] of Object.entries({ 'server.crt': cert, 'server.key': key })) {
    writeFileSync(join(databaseDir, name), text, { mode: 0o600 });
    chownSync(join(databaseDir, name), uid, gid);
  }
  appendFileSync(join(databaseDir, 'postgresql.conf'), 'ssl = on\n');
}

/** A port of this address that nobody uses just now. */
export async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  await new Promise<void>(resolve => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise(resolve => server.close(resolve));
  return port;
}

/** One server for all tests that need one; that of TEST_DATABASE_URL, whose user may create databases, where it is set. */
export default async function setup({ provide }: TestProject): Promise<() => Promise<void>> {
  const prefix = `wa_privacy_test_${randomBytes(4).toString('hex')}_`;
  provide('databasePrefix', prefix);
  const configured = process.env['TEST_DATABASE_URL'];
  if (configured) {
    provide('databaseServer', configured);
    return () => dropAll(configured, prefix);
  }
  const server = await postgresServer();
  provide('databaseServer', server.url);
  return server.remove;
}

async function dropAll(server: string, prefix: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  const { rows } = await client.query<{ name: string }>(
    'select datname as name from pg_database where starts_with(datname, $1)',
    [prefix],
  );
  for (const { name } of rows) await client.query(`drop database ${name} with (force)`);
  await client.end();
}
