import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { certificate, otherCertificate, servicesCa } from '../../support/certificate.js';
import { type PostgresServer, postgresServer } from '../../support/postgres-server.js';
import { temporaryFolder } from '../sqlite-data.js';
import { administer, databaseUrl, openPostgres, queriesOf } from './postgres-data.js';

let server: PostgresServer;
beforeAll(async () => {
  server = await postgresServer(otherCertificate('service'));
});
afterAll(() => server.remove());

function urlWith(parameters: Record<string, string>, host = 'localhost'): string {
  const url = new URL(databaseUrl('postgres', server.url));
  url.hostname = host;
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}

function file(pem: string): string {
  const path = join(temporaryFolder(), 'ca.pem');
  writeFileSync(path, pem);
  return path;
}

test.each(['require', 'verify-ca', 'verify-full'])(
  'with sslmode=%s all that is sent is under TLS',
  async sslmode => {
    const url = urlWith({ sslmode, sslrootcert: file(servicesCa()) });
    const store = await openPostgres(url);
    expect(await store.instances.list()).toEqual([]);
    const db = queriesOf(url.replace(/\?.*/, ''));
    onTestFinished(() => db.destroy());
    const { rows } = await sql<{ ssl: boolean }>`
    select ssl from pg_stat_ssl join pg_stat_activity using (pid)
      where application_name = 'wa-privacy' and pid <> pg_backend_pid()`.execute(db);
    expect(rows.length).toBeGreaterThan(1);
    expect(rows.filter(({ ssl }) => !ssl)).toEqual([]);
  },
);

test.each([
  ['a certificate that no known CA has signed', () => urlWith({ sslmode: 'require' })],
  ['one of another CA', () => urlWith({ sslmode: 'require', sslrootcert: file(certificate().cert) })],
  [
    'one for another host',
    () => urlWith({ sslmode: 'require', sslrootcert: file(servicesCa()) }, '127.0.0.2'),
  ],
])('%s is refused, whatever the sslmode', async (_, url) => {
  await expect(openPostgres(url())).rejects.toThrow(/certificate|altnames|issuer/i);
});

test('a server without TLS is refused where it is demanded', async () => {
  await administer(
    ["alter system set ssl = 'off'", 'select pg_reload_conf()'],
    databaseUrl('postgres', server.url),
  );
  await expect(openPostgres(urlWith({ sslmode: 'verify-full' }))).rejects.toThrow('does not support SSL');
});
