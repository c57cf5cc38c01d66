import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** What each folder of src may import besides itself; '.' is the files at the top. */
const MAY_IMPORT: Record<string, string[]> = {
  domain: [],
  instances: ['domain'],
  access: ['domain'],
  tls: ['domain'],
  contract: ['domain', 'gen'],
  client: ['gen'],
  grpc: ['contract', 'domain', 'instances', 'access', 'cluster', 'observability', 'tls', 'gen'],
  whatsapp: ['domain', 'instances', 'observability'],
  cluster: ['domain', 'instances', 'access'],
  stores: ['domain', 'instances', 'access', 'cluster'],
  simulator: ['domain'],
  observability: ['domain'],
  input: ['domain'],
  config: ['input', 'domain', 'observability', 'tls'],
  offline: ['config', 'input', 'stores'],
  cli: ['input', 'contract', 'client', 'domain', 'gen'],
  demo: ['domain', 'config', 'input', 'cli', 'simulator', 'observability', 'gen', '.'],
  '.': [
    'config',
    'input',
    'domain',
    'instances',
    'access',
    'cluster',
    'grpc',
    'whatsapp',
    'stores',
    'offline',
    'observability',
    'tls',
    'simulator',
    'cli',
    'demo',
  ],
};

/**
 * The rooms of a folder, floor by floor from the top; '.' is the folder's own files. A room imports from the floors
 * below it: not from above, and not from the rooms beside it.
 */
const FLOORS: Record<string, string[][]> = {
  domain: [['nodes'], ['.'], ['settings', 'version', 'labels'], ['time']],
  instances: [
    ['.'],
    ['updating', 'linking'],
    ['member'],
    ['reading', 'watching', 'connecting'],
    ['judging'],
    ['account'],
    ['ports'],
  ],
  grpc: [
    ['server'],
    ['methods', 'interceptors', 'reflection'],
    ['hops'],
    ['calls', 'peers'],
    ['errors'],
    ['messages'],
    ['.'],
  ],
  whatsapp: [
    ['.'],
    ['session'],
    ['linking', 'privacy'],
    ['connection', 'version'],
    ['baileys'],
    ['curve', 'network'],
  ],
  stores: [['moving'], ['sqlite', 'postgres'], ['migrations', 'tables'], ['sealing'], ['.']],
  simulator: [['.'], ['control'], ['serving'], ['phone'], ['answers'], ['queue'], ['world'], ['wire']],
  cli: [['commands', 'node'], ['linking'], ['client'], ['texts'], ['terminal']],
};

/** Packages that only some folders may use. */
const PACKAGE_HOMES: Record<string, string[]> = {
  '@whiskeysockets/baileys': ['whatsapp', 'simulator'],
  '@grpc/grpc-js': ['grpc', 'cli', 'demo'],
  'better-sqlite3': ['stores'],
  kysely: ['stores'],
  pg: ['stores'],
};

/** May know the time of day: they store or show it, or translate what others say in it. */
const TELL_WALL_TIME = [
  'access/tokens.ts',
  'app.ts',
  'domain/time/due.ts',
  'grpc/calls/deadlines.ts',
  'grpc/hops/connections.ts',
  'grpc/hops/open-hops.ts',
  'grpc/server/server.ts',
  'housekeeping.ts',
  'instances/account/history.ts',
  'instances/account/lifecycle.ts',
  'instances/catalogue.ts',
  'instances/connecting/after-disconnect.ts',
  'instances/connecting/parking.ts',
  'instances/connecting/presence-keeper.ts',
  'instances/linking/import-instance.ts',
  'instances/member/inactivity.ts',
  'instances/presence-reminder.ts',
  'stores/moving/move-store.ts',
  'observability/logger.ts',
  'stores/sqlite/back-up.ts',
  'stores/sqlite/restore.ts',
  'simulator/world/inactivity.ts',
  'instances/member/connection-demand.ts',
  'instances/member/record-keeper.ts',
  'simulator/answers/contact-lists.ts',
  'simulator/answers/disappearing-timer.ts',
  'simulator/world/accounts.ts',
  'simulator/world/journal.ts',
  'simulator/world/session-log.ts',
  'simulator/serving/answer-iq.ts',
  'simulator/serving/connection.ts',
  'simulator/wire/certificates.ts',
  'simulator/wire/stanza.ts',
  'tls/certificate-watch.ts',
  'simulator/phone/complete-link.ts',
  'simulator/phone/device-identity.ts',
  'whatsapp/connection/connection.ts',
  'whatsapp/linking/code-invitation.ts',
  'whatsapp/linking/link-device.ts',
  'whatsapp/linking/passkey-ceremony.ts',
  'whatsapp/linking/qr-invitation.ts',
  'whatsapp/session/session.ts',
  'whatsapp/version/client-versions.ts',
];

/** The most files that lie side by side in a folder or a room. */
const MOST_FILES = 12;

const SRC = join(import.meta.dirname, '../src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
const folderOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '.');
const roomOf = (file: string) => file.split('/').slice(1, -1)[0] ?? '.';

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '');
}

/** Every import of one file of this repository by another, as paths from src. */
const arrows = files.flatMap(file =>
  importsOf(file)
    .filter(specifier => specifier.startsWith('.') && !specifier.endsWith('/package.json'))
    .map(specifier => ({ file, target: relative(SRC, join(SRC, file, '..', specifier)) })),
);
const told = ({ file, target }: { file: string; target: string }) => `${file} imports ${target}`;

test('imports between folders point inwards', () => {
  const wrong = arrows.filter(({ file, target }) => {
    const [from, to] = [folderOf(file), target.startsWith('../gen/') ? 'gen' : folderOf(target)];
    return from !== to && !MAY_IMPORT[from]?.includes(to);
  });
  expect(wrong.map(told)).toEqual([]);
});

test('imports between the rooms of a folder point downwards', () => {
  const wrong = arrows.filter(({ file, target }) => {
    if (folderOf(file) !== folderOf(target) || roomOf(file) === roomOf(target)) return false;
    const floors = FLOORS[folderOf(file)] ?? [];
    const floorOf = (path: string) => floors.findIndex(rooms => rooms.includes(roomOf(path)));
    return floorOf(target) <= floorOf(file);
  });
  expect(wrong.map(told)).toEqual([]);
});

test('gRPC, Baileys and SQL stay in their folders', () => {
  const wrong = files.flatMap(file =>
    importsOf(file)
      .flatMap(specifier => Object.keys(PACKAGE_HOMES).filter(name => `${specifier}/`.startsWith(`${name}/`)))
      .filter(name => !PACKAGE_HOMES[name]?.includes(folderOf(file)))
      .map(name => `${file} uses ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('a clock that is never set decides, and the time of day is only told', () => {
  const clocks = /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\bhrtime\b/;
  const server = files.filter(file => !/^(cli|demo|domain\/time)\//.test(file));
  expect(server.filter(file => clocks.test(readFileSync(join(SRC, file), 'utf8')))).toEqual([]);
  const asking = arrows.filter(({ target }) => target === 'domain/time/wall-time.js').map(({ file }) => file);
  expect(asking.toSorted()).toEqual(TELL_WALL_TIME.toSorted());
});

test('every folder and every room is in the map', () => {
  const unknown = files.filter(file => {
    const floors = FLOORS[folderOf(file)]?.flat() ?? ['.'];
    return !(folderOf(file) in MAY_IMPORT) || !(folderOf(file) === '.' || floors.includes(roomOf(file)));
  });
  expect(unknown).toEqual([]);
});

test('no folder holds more files of its own than one can take in', () => {
  const counts = Object.groupBy(files, file => dirname(file));
  const full = Object.entries(counts).filter(([, own]) => (own?.length ?? 0) > MOST_FILES);
  expect(full.map(([folder]) => folder)).toEqual([]);
});
