import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import lock from '../../package-lock.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const locked = Object.entries(
  lock.packages as Record<string, { name?: string; version?: string; dev?: true }>,
)
  .filter(([path, { dev }]) => path !== '' && !dev)
  .map(([path, { name, version }]) => `${name ?? path.replace(/^.*node_modules\//, '')} ${version}`);

type Package = { readonly name: string; readonly versionInfo: string; readonly licenseDeclared?: string };

async function packagesOfSbom(): Promise<Package[]> {
  await run('npm', ['run', '--silent', 'sbom'], { cwd: ROOT });
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'sbom.spdx.json'), 'utf8')) as {
    packages: Package[];
  };
  return packages;
}

describe('the bill of materials', () => {
  test('names every package that the lock file has for production, and the service itself', async () => {
    const named = (await packagesOfSbom()).map(({ name, versionInfo }) => `${name} ${versionInfo}`);
    expect(locked.length).toBeGreaterThan(100);
    expect(named).toContain(`wa-privacy ${lock.version}`);
    expect(locked.filter(one => !named.includes(one))).toEqual([]);
  });

  test('has no other licence of the GPL family than the one that the README names', async () => {
    const packages = await packagesOfSbom();
    const copyleft = packages.filter(({ licenseDeclared = '' }) => /GPL/.test(licenseDeclared));
    expect(copyleft.map(({ name, licenseDeclared }) => `${name} ${licenseDeclared}`)).toEqual([
      'libsignal GPL-3.0',
    ]);
    const [, licence = ''] = readFileSync(join(ROOT, 'README.md'), 'utf8').split('\n## Licence\n');
    expect(licence).toContain('`libsignal`, is GPL-3.0');
  });
});

test('no image library is in the lock file, not even for development', () => {
  expect(Object.keys(lock.packages).filter(path => /libvips|@img\//.test(path))).toEqual([]);
  expect(lock.packages['node_modules/sharp'].name).toBe('empty-npm-package');
});

/** A registry that answers the question for vulnerabilities so. */
async function audited(answer: { status: number; body?: object }) {
  const cache = mkdtempSync(join(tmpdir(), 'wa-privacy-npm-'));
  const registry = createServer(({ url = '' }, response) => {
    const isAudit = url.includes('/advisories/bulk');
    response.writeHead(isAudit ? answer.status : 404, { 'content-type': 'application/json' });
    response.end(JSON.stringify((isAudit && answer.body) || {}));
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    registry.close();
    rmSync(cache, { recursive: true });
  });
  await once(registry, 'listening');
  const env = {
    ...process.env,
    npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}`,
    npm_config_cache: cache,
    npm_config_fetch_retries: '0',
  };
  const script = join(ROOT, 'scripts/check-vulnerabilities.mjs');
  return run(process.execPath, [script], { cwd: ROOT, env }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    ({ code, stdout }: { code: number; stdout: string }) => ({ code, stdout }),
  );
}

const advisory = (severity: string) => ({
  kysely: [{ id: 1, url: 'https://example.org/1', title: 'A hole', severity, vulnerable_versions: '<99' }],
});

describe('the check of known vulnerabilities', () => {
  test.each([
    ['passes where there are none', { status: 200, body: {} }, 0, /^0 known vulnerabilities/],
    [
      'fails for a high one',
      { status: 200, body: advisory('high') },
      1,
      /^high: kysely: A hole, .+\n1 known/,
    ],
    ['fails for a critical one', { status: 200, body: advisory('critical') }, 1, /^critical: kysely: A hole/],
    [
      'tells of a moderate one',
      { status: 200, body: advisory('moderate') },
      0,
      /^moderate: kysely: A hole, .+\n1 known/,
    ],
    ['says that it is skipped where the registry does not know', { status: 405 }, 0, /^skipped: .+ \(405 /],
  ])('%s', async (_, answer, code, text) => {
    expect(await audited(answer)).toEqual({ code, stdout: expect.stringMatching(text) });
  });
});

test('the workflow runs no action but by the hash of its commit', () => {
  const workflow = readFileSync(join(ROOT, '.github/workflows/ci.yml'), 'utf8');
  const actions = [...workflow.matchAll(/uses: *(\S+)/g)].map(([, action = '']) => action);
  expect(actions.length).toBeGreaterThan(0);
  expect(actions.filter(action => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
});
