import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const folders = (path: string): string[] =>
  readdirSync(join(ROOT, path), { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(({ name }) => name);
const matches = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, found = '']) => found);

describe('CONTRIBUTING.md', () => {
  const text = read('CONTRIBUTING.md');

  test('has in its map exactly the folders and rooms of src', () => {
    const rooms = folders('src').flatMap(folder => [
      folder,
      ...folders(`src/${folder}`).map(room => `${folder}/${room}`),
    ]);
    let folder = '';
    const inMap = matches(text, /^( *[\w-]+)\/ +\S/gm).map(name => {
      if (!name.startsWith(' ')) folder = name;
      return name.startsWith(' ') ? `${folder}/${name.trim()}` : name;
    });
    expect(inMap.sort()).toEqual(rooms.sort());
  });

  test('names the scripts of package.json but those that npm runs by itself', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = matches(text, /`npm (?:run )?(?!ci\b)([\w:]+)/g);
    const wanted = Object.keys(scripts).filter(name => !/^(pre|post)/.test(name));
    expect([...new Set(named)].sort()).toEqual(wanted.sort());
  });
});

describe('test/README.md', () => {
  const text = read('test/README.md');

  test('has a word on every folder of test', () => {
    const named = folders('test').filter(folder => text.includes(`\`${folder}/\``));
    expect(named).toEqual(folders('test'));
  });

  test('has a line for every shared helper, and names no other than there are', () => {
    const helpers = matches(text, /`((?:\w+\/)?support\/[\w-]+\.ts)`/g);
    const shared = readdirSync(join(ROOT, 'test/support')).filter(name => name.endsWith('.ts'));
    expect(shared.filter(name => !helpers.includes(`support/${name}`))).toEqual([]);
    expect(helpers.filter(path => !existsSync(join(ROOT, 'test', path)))).toEqual([]);
  });

  test('names tests that exist', () => {
    const [, table = ''] = /^\| module of `src` .*?\n(.*?)\n\n/ms.exec(text) ?? [];
    const rows = table
      .split('\n')
      .slice(1)
      .map(row => row.split('|'));
    const modules = rows.flatMap(([, module = '']) => matches(module, /`([^`]+)`/g));
    const tests = rows.flatMap(([, , tests = '']) => matches(tests, /`([^`]+)`/g));
    expect(tests.length).toBeGreaterThan(30);
    expect(modules.filter(path => !existsSync(join(ROOT, 'src', path)))).toEqual([]);
    const isThere = (path: string) =>
      existsSync(join(ROOT, 'test', path)) || existsSync(join(ROOT, 'test', `${path}.test.ts`));
    expect(tests.filter(path => !isThere(path))).toEqual([]);
  });
});

const PAGES = [
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'README.md',
  'SECURITY.md',
  'clients/README.md',
  'docs/compatibility.md',
  'clients/go/README.md',
  'clients/rust/README.md',
  'docs/decisions.md',
  'docs/cluster.md',
  'docs/security.md',
  'docs/operations.md',
  'docs/limits.md',
  'docs/whatsapp.md',
  'examples/README.md',
  'test/README.md',
];

const API = readdirSync(join(ROOT, 'docs/api')).map(name => `docs/api/${name}`);

describe.each(API)('%s', page => {
  test('links to places that exist', () => {
    const targets = matches(read(page), /\]\((?!https?:)([^)]+)\)/g);
    const missing = targets.filter(target => {
      const [path = '', id] = target.split('#');
      const text = existsSync(join(ROOT, 'docs/api', path)) ? read(join('docs/api', path)) : undefined;
      return text === undefined || (id !== undefined && !text.includes(`<a id="${id}"></a>`));
    });
    expect(targets).not.toEqual([]);
    expect(missing).toEqual([]);
  });

  test('has every example as JSON that can be read', () => {
    for (const example of matches(read(page), /```json\n(.*?)```/gs)) JSON.parse(example);
  });
});

describe.each(PAGES)('%s', page => {
  const text = read(page);

  test('links to what exists', () => {
    const targets = matches(text, /\]\((?!https?:)([^)#]+)\)/g);
    expect(targets.filter(target => !existsSync(join(ROOT, dirname(page), target)))).toEqual([]);
  });

  test('names what is in the files it links to', () => {
    const links = [...text.matchAll(/\[`(\w+)`\]\(([\w./-]+\.ts)\)/g)];
    const wrong = links.filter(([, name = '', file = '']) => !read(join(dirname(page), file)).includes(name));
    expect(wrong.map(([link]) => link)).toEqual([]);
  });

  test('names files and folders that exist', () => {
    const paths = matches(text, /`((?:src|test|docs|gen|proto|scripts|examples|\.ci)\/[\w./-]*)`/g);
    expect(paths.filter(path => !existsSync(join(ROOT, path)))).toEqual([]);
  });
});
