import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { authFolder } from '../../simulator/support/auth-folder.js';
import { ACCOUNT_TOKEN, type Service, startService } from '../../support/service.js';
import { run } from '../support/run.js';

let service: Service;
let device: Awaited<ReturnType<typeof authFolder>>;

beforeAll(async () => {
  service = await startService({ simulator: { behaviour: { preKeys: 'asked' } } });
  device = await authFolder(service.simulator, service.simulator.addPhone({ phoneNumber: '15550410001' }));
});
afterAll(async () => {
  device[Symbol.dispose]();
  await service[Symbol.asyncDispose]();
});

const cli = (...args: string[]) =>
  run(['instance', 'import', ...args], {
    env: { WA_PRIVACY_SERVER: service.address, WA_PRIVACY_TOKEN: ACCOUNT_TOKEN },
  });

/** A copy of the folder, as old as a program leaves it that stopped a minute ago. */
function copy(change: (folder: string) => void = () => undefined): string {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-import-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  device.age(60);
  cpSync(device.folder, folder, { recursive: true, preserveTimestamps: true });
  change(folder);
  return folder;
}
const digestOf = (folder: string) => {
  const hash = createHash('sha256');
  for (const name of readdirSync(folder).sort()) hash.update(name).update(readFileSync(join(folder, name)));
  return hash.digest('hex');
};
const names = async () => {
  const list = ['instance', 'list', '--json'];
  const env = { WA_PRIVACY_SERVER: service.address, WA_PRIVACY_TOKEN: ACCOUNT_TOKEN };
  const { stdout } = await run(list, { env });
  return (JSON.parse(stdout) as { instances: { name: string }[] }).instances.map(({ name }) => name);
};

test.each<[string, (folder: string) => unknown, string]>([
  ['without credentials', folder => rmSync(join(folder, 'creds.json')), 'has no creds.json'],
  ['in use', folder => writeFileSync(join(folder, 'session-1.json'), '{}'), 'a program still uses it'],
  ['that is held', folder => writeFileSync(join(folder, 'auth.lock'), ''), 'a program holds the folder'],
  ['that is a file', folder => writeFileSync(join(folder, 'x'), ''), 'ENOTDIR'],
])('a folder %s is refused, and nothing is made', async (what, change, says) => {
  const folder = copy(change);
  const path = what === 'that is a file' ? join(folder, 'x') : folder;
  const { code, stderr } = await cli('refused', '--stopped', '--baileys', path);
  expect(code).toBe(2);
  expect(stderr).toContain(says);
  expect(await names()).not.toContain('refused');
});

test('somebody has to say that the other program is stopped, and what to take over', async () => {
  const folder = copy();
  expect(await cli('refused', '--baileys', folder)).toMatchObject({
    code: 2,
    stderr: 'error: stop the program that uses this device, for good, and say so with --stopped\n',
  });
  expect(await cli('refused', '--stopped')).toMatchObject({ code: 2 });
  expect(await names()).not.toContain('refused');
});

test('a folder that is not whole is refused', async () => {
  const withoutKeys = copy(folder => {
    for (const name of readdirSync(folder)) if (name.startsWith('pre-key-')) rmSync(join(folder, name));
  });
  expect((await cli('refused', '--stopped', '--baileys', withoutKeys)).stderr).toContain('is not whole');
});

test('credentials that are damaged leave no instance behind, and are told by field only', async () => {
  const folder = copy();
  const file = join(folder, 'creds.json');
  const { advSecretKey, ...creds } = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  const damaged = join(folder, 'damaged.json');
  writeFileSync(damaged, JSON.stringify({ ...creds, noiseKey: {} }));
  makeOld(damaged);
  const { code, stderr } = await cli('refused', '--stopped', '--creds', damaged);
  expect(code).toBe(1);
  expect(stderr).toContain('noiseKey');
  expect(stderr).not.toContain(String(advSecretKey));
  expect(await names()).not.toContain('refused');
  truncateSync(file, 100);
  makeOld(file);
  expect((await cli('refused', '--stopped', '--creds', file)).stderr).toContain('is no JSON');
});

test('a whole folder is taken over, into an instance that is made for it, and stays as it was', async () => {
  const folder = copy();
  const before = digestOf(folder);
  const { code, stdout } = await cli('moved', '--stopped', '--baileys', folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/state +CONNECTED/);
  expect(stdout).toMatch(/token +wap_/);
  expect(stdout).toContain(`Never start the other program with ${folder} again`);
  expect(digestOf(folder)).toBe(before);
  const again = await cli('another', '--stopped', '--creds', join(folder, 'creds.json'));
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('DEVICE_IN_USE');
  expect(await names()).toEqual(['moved']);
});

function makeOld(file: string) {
  const time = new Date(Date.now() - 60_000);
  utimesSync(file, time, time);
}
