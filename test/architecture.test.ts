import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect, test } from 'vitest';

/** What each folder of src may import besides itself; '.' is the files at the top. */
const MAY_IMPORT: Record<string, string[]> = {
  domain: [],
  instances: ['domain'],
  access: ['domain'],
  contract: ['domain', 'gen'],
  grpc: ['contract', 'domain', 'instances', 'access', 'observability', 'gen'],
  whatsapp: ['domain', 'instances', 'observability'],
  stores: ['domain', 'instances', 'access'],
  simulator: ['domain'],
  observability: ['domain'],
  input: ['domain'],
  config: ['input', 'domain', 'observability'],
  cli: ['input', 'contract', 'domain', 'gen'],
  demo: ['domain', 'config', 'input', 'cli', 'simulator', 'observability', 'gen', '.'],
  '.': [
    'config',
    'input',
    'domain',
    'instances',
    'access',
    'grpc',
    'whatsapp',
    'stores',
    'observability',
    'simulator',
    'cli',
    'demo',
  ],
};

/** Packages that only some folders may use. */
const PACKAGE_HOMES: Record<string, string[]> = {
  '@whiskeysockets/baileys': ['whatsapp', 'simulator'],
  '@grpc/grpc-js': ['grpc', 'cli', 'demo'],
  'better-sqlite3': ['stores'],
  kysely: ['stores'],
  pino: ['observability'],
};

const SRC = join(import.meta.dirname, '../src');
const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'));
const folderOf = (file: string) => (file.includes('/') ? (file.split('/')[0] ?? '') : '.');

function importsOf(file: string): string[] {
  const text = readFileSync(join(SRC, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(match => match[1] ?? '');
}

test('imports between folders point inwards', () => {
  const wrong = files.flatMap(file =>
    importsOf(file)
      .filter(specifier => specifier.startsWith('.') && !specifier.endsWith('/package.json'))
      .map(specifier => relative(SRC, join(SRC, file, '..', specifier)))
      .map(target => (target.startsWith('../gen/') ? 'gen' : folderOf(target)))
      .filter(target => target !== folderOf(file) && !MAY_IMPORT[folderOf(file)]?.includes(target))
      .map(target => `${file} imports ${target}`),
  );
  expect(wrong).toEqual([]);
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

test('every folder is in the map', () => {
  expect([...new Set(files.map(folderOf))].filter(folder => !(folder in MAY_IMPORT))).toEqual([]);
});
