import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { readConfig } from '../../src/config/config.js';
import { OPTION_NAMES, optionSpec, variableOf } from '../../src/config/table.js';
import { SETTING_NAMES, specOf } from '../../src/domain/settings/settings-table.js';
import { startSimulator } from '../../src/simulator/index.js';
import { type Ended, run } from './support/run.js';
import { startService } from './support/service.js';

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-program-'));
afterAll(() => rmSync(folder, { recursive: true }));

const certificateFile = (name: 'cert' | 'key') => join(import.meta.dirname, `../support/tls/${name}.pem`);

/** Runs code in the child before anything of ours is loaded. */
const before = (code: string) => ['--import', `data:text/javascript,${encodeURIComponent(code)}`];

const pretend = (version: string) =>
  before(
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${version}' } })`,
  );

describe('the Node version', () => {
  test.each(['20.19.0', '22.13.1'])('%s is too old and said to be', async version => {
    expect(await run(['--version'], { node: pretend(version) })).toEqual({
      code: 1,
      stdout: '',
      stderr: `wa-privacy needs Node.js 22.14 or newer; this is ${version}.\n`,
    });
  });

  test.each(['22.14.0', '24.0.0'])('%s will do', async version => {
    const { code, stdout } = await run(['--version'], { node: pretend(version) });
    expect({ code, stdout }).toEqual({ code: 0, stdout: `${packageJson.version}\n` });
    expect(packageJson.engines.node).toBe('>=22.14');
  });
});

describe('help', () => {
  test('of serve names every option with its variable and default', async () => {
    const { code, stdout } = await run(['serve', '--help']);
    const text = stdout.replace(/\s+/g, ' ');
    expect(code).toBe(0);
    for (const name of OPTION_NAMES) {
      expect(text).toContain(variableOf(name));
      expect(text).toContain(`default: ${optionSpec(name).default ?? optionSpec(name).otherwise ?? 'none'})`);
    }
  });

  test('shows no flag that would take a secret', async () => {
    const { stdout } = await run(['serve', '--help']);
    expect(stdout).toContain('--master-key-file <file>');
    expect(stdout).not.toMatch(/--(master-key|account-token|token) /);
  });

  test('of privacy set names every setting that can be changed, and its values', async () => {
    const { stdout } = await run(['privacy', 'set', '--help']);
    for (const name of SETTING_NAMES) {
      const { access, values } = specOf(name);
      if (access === 'read_write') expect(stdout).toContain(`${name}=${values.join('|')}`);
      else expect(stdout).not.toContain(`${name}=`);
    }
  });
});

describe('wrong usage', () => {
  test.each([
    ['an unknown command', ['privcy']],
    ['an unknown option', ['instance', 'list', '--jsn']],
    ['a missing argument', ['privacy', 'get']],
    ['a group without a command', ['privacy']],
    ['a duration without unit', ['privacy', 'get', 'x', '--max-age', '10']],
    ['an unknown choice', ['privacy', 'set', 'x', 'status=all', '--on-failure', 'panic']],
  ])('ends with 2 and a hint: %s', async (_, args) => {
    const { code, stdout, stderr } = await run(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/--help/);
  });

  test('of serve is reported in full before anything starts', async () => {
    const { code, stdout, stderr } = await run(
      ['serve', '--listen', 'nowhere', '--data-dir', join(folder, 'data')],
      {
        env: { WA_PRIVACY_LOG_LEVEL: 'loud', WA_PRIVACY_LISTN: 'x' },
      },
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      'error: WA_PRIVACY_LISTN: unknown; did you mean WA_PRIVACY_LISTEN?',
      'error: --listen: must be HOST:PORT, an IPv6 host in brackets',
      expect.stringMatching(/^error: WA_PRIVACY_LOG_LEVEL: must be one of /),
      '',
    ]);
  });
});

describe('simulate', () => {
  const VARIABLES = /^export (WA_PRIVACY_WHATSAPP_\w+)=(.*)$/gm;

  test('prints what serve needs, keeps its phones and keys in the file, and stops when told', async () => {
    const start = () =>
      run(['simulate', '--phone', '+15550100001', '15550100002', '--state', join(folder, 'simulator.json')], {
        watch: (stdout, stop) => {
          if (stdout.includes('# control interface: http://127.0.0.1:')) stop();
        },
      });
    const [first, second] = [await start(), await start()];
    expect(first).toMatchObject({ code: 0, stderr: '' });
    const env = Object.fromEntries(
      [...first.stdout.matchAll(VARIABLES)].map(([, name, value]) => [name, value]),
    );
    expect(readConfig({ env, flags: {} })).toMatchObject({
      kind: 'config',
      config: { whatsapp: { url: env['WA_PRIVACY_WHATSAPP_URL'], rootKey: expect.any(Buffer) } },
    });
    expect(first.stdout).toMatch(/^# phone \+15550100001: [\s\S]*^# phone \+15550100002: /m);
    expect(second.stdout).toContain(`WA_PRIVACY_WHATSAPP_ROOT_KEY=${env['WA_PRIVACY_WHATSAPP_ROOT_KEY']}\n`);
  });

  test('links an instance with one command, without a phone', async () => {
    const answers: Promise<Ended>[] = [];
    const ended = await run(['simulate', '--scan', 'support-desk'], {
      cwd: folder,
      env: { WA_PRIVACY_LISTEN: '127.0.0.1:0' },
      watch(stdout, stop) {
        if (!stdout.includes('# support-desk is linked') || answers.length > 0) return;
        const exported = [...stdout.matchAll(/^export (WA_PRIVACY_(?:SERVER|TOKEN))=(.*)$/gm)];
        const env = Object.fromEntries(exported.map(([, name, value]) => [name, value ?? '']));
        const answer = run(['privacy', 'set', 'support-desk', 'last_seen=none'], { env });
        answers.push(answer);
        void answer.finally(stop);
      },
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect((await answers[0])?.stdout).toContain('APPLIED');
  });

  test('names everything that is wrong with its flags', async () => {
    const ended = await run(['simulate', '--listen', 'x', '--control', '99999', '--phone', 'abc']);
    expect(ended).toEqual({
      code: 2,
      stdout: '',
      stderr: [
        'error: --listen: must be HOST:PORT, an IPv6 host in brackets',
        'error: --control: must be a port',
        'error: --phone abc: must be 5 to 15 digits',
        '',
      ].join('\n'),
    });
  });
});

describe('serve ends with one line and what helps where it cannot listen:', () => {
  const ADDRESS_OF_NOBODY = '192.0.2.1:0'; // RFC 5737

  const serve = (listen: string, env: Record<string, string> = {}) =>
    run(['serve', '--listen', listen, '--data-dir', join(folder, 'unheard')], {
      env: { WA_PRIVACY_LOG_LEVEL: 'error', ...env },
    });

  test('on a port that is used', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    expect(await serve(`127.0.0.1:${port}`)).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: Cannot listen on 127.0.0.1:${port}: EADDRINUSE, another process uses this port; choose another with --listen\n`,
    });
    other.close();
  });

  test('at an address of another machine', async () => {
    const tls = {
      WA_PRIVACY_TLS_CERT_FILE: certificateFile('cert'),
      WA_PRIVACY_TLS_KEY_FILE: certificateFile('key'),
    };
    expect(await serve(ADDRESS_OF_NOBODY, tls)).toEqual({
      code: 1,
      stdout: '',
      stderr: `error: Cannot listen on ${ADDRESS_OF_NOBODY}: EADDRNOTAVAIL, this machine does not have this address; choose one of its own with --listen\n`,
    });
  });
});

test.each(['http', 'socks5h'])(
  'serve tells no password of a proxy (%s), however much it is made to say',
  async scheme => {
    const simulator = await startSimulator();
    const ended = await run(['serve', '--listen', '127.0.0.1:0', '--data-dir', join(folder, scheme)], {
      env: {
        DEBUG: '*',
        WA_PRIVACY_LOG_LEVEL: 'debug',
        WA_PRIVACY_WHATSAPP_URL: simulator.url,
        WA_PRIVACY_WHATSAPP_ROOT_KEY: simulator.rootKey,
        WA_PRIVACY_WHATSAPP_VERSION_FETCH: 'daily',
        WA_PRIVACY_WHATSAPP_VERSION_URL: 'http://127.0.0.1:1/sw.js',
        WA_PRIVACY_PROXY: `${scheme}://desk:opensesame@127.0.0.1:1`,
      },
      // The look for a version has gone to the proxy by then.
      watch: (stdout, stop) => stdout.includes('listening') && stop(),
    });
    await simulator.stop();
    expect(ended.stderr).toContain('proxy-agent');
    expect(ended.stderr).not.toContain('opensesame');
    expect(ended.stderr).not.toContain(Buffer.from('desk:opensesame').toString('base64'));
  },
);

/** Records which modules a process loads, which the function given then tells. */
function recorded(name: string) {
  const loaded = join(folder, name);
  const node = before(`
    import { appendFileSync } from 'node:fs';
    import { registerHooks } from 'node:module';
    registerHooks({
      load(url, context, next) {
        appendFileSync(${JSON.stringify(loaded)}, url + '\\n');
        return next(url, context);
      },
    });`);
  return { node, modules: () => readFileSync(loaded, 'utf8').trim().split('\n').flatMap(modulesOf) };
}

test('serve without a linked account loads neither Baileys nor a proxy nor another store', async () => {
  const { node, modules } = recorded('loaded by serve');
  const ended = await run(['serve', '--listen', '127.0.0.1:0', '--data-dir', join(folder, 'nobody')], {
    node,
    watch: (stdout, stop) => stdout.includes('listening') && stop(),
  });
  expect(ended.code).toBe(0);
  expect(modules().filter(module => module.includes('/src/grpc/')).length).toBeGreaterThan(5);
  expect(
    modules().filter(module => /node_modules\/(?:@whiskeysockets|ws|pg|.*-proxy-agent)\//.test(module)),
  ).toEqual([]);
});

test('what Node compiled is kept beside the program, and not where others could put something else', async () => {
  const [beside, everybodys] = [
    join(import.meta.dirname, '../../dist/compile-cache'),
    join(folder, 'temporary'),
  ];
  rmSync(beside, { recursive: true, force: true });
  mkdirSync(everybodys);
  await run(['--version'], { env: { TMPDIR: everybodys, NODE_COMPILE_CACHE: '' } });
  expect(existsSync(beside)).toBe(true);
  expect(readdirSync(everybodys)).toEqual([]);
});

test('client commands load neither the server nor Baileys nor SQLite', async () => {
  const { node, modules: all } = recorded('loaded by a command');
  const service = await startService({ getPrivacySettings: () => ({ settings: undefined }) });
  const { code } = await run(['privacy', 'get', 'x', '--server', service.address], {
    env: { WA_PRIVACY_TOKEN: 'wap_abc' },
    node,
  });
  service.stop();
  const modules = all();
  expect(code).toBe(0);
  expect(modules.filter(module => module.includes('/src/cli/')).length).toBeGreaterThan(5);
  expect(modules.filter(module => module.includes('/@grpc/grpc-js/')).length).toBeGreaterThan(5);
  expect(
    modules.filter(module =>
      /baileys|better-sqlite3|kysely|pino|zod|\/src\/(?:serve|app|grpc|instances|access|stores|whatsapp|simulator|demo)\b/.test(
        module,
      ),
    ),
  ).toEqual([]);
});

/** What the build put into a file. */
function modulesOf(url: string): string[] {
  const map = url.startsWith('file:') ? new URL(`${url}.map`) : undefined;
  if (!map || !existsSync(map)) return [url];
  const { sources } = JSON.parse(readFileSync(map, 'utf8')) as { sources: string[] };
  return sources.map(source => new URL(source, map).href);
}
