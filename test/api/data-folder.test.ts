import { chmodSync, chownSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { ACCOUNT_TOKEN, type Service, startService } from '../support/service.js';

let service: Service;
beforeEach(async () => {
  service = await startService({
    env: { WA_PRIVACY_ACCOUNT_TOKEN: '' },
    async prepare(dataDir) {
      writeFileSync(join(dataDir, 'account-token'), ACCOUNT_TOKEN, { mode: 0o600 });
    },
  });
  await service.client.call(Instances.createInstance, { name: 'desk' });
  await service.stop();
});
afterEach(() => service[Symbol.asyncDispose]());

const files = () => readdirSync(service.dataDir).map(name => join(service.dataDir, name));
const modesOf = (paths: string[]) => [
  ...new Set(paths.map(path => (statSync(path).mode & 0o7777).toString(8))),
];

/** What Kubernetes does to a volume at every mount for a pod with an `fsGroup`. */
function mount() {
  for (const file of files()) chmodSync(file, statSync(file).mode | 0o660);
  chmodSync(service.dataDir, 0o2770);
}

async function expectInstance() {
  const { instances } = await service.client.call(Instances.listInstances, {});
  expect(instances.map(({ name }) => name)).toEqual(['desk']);
}

describe('a data folder that a mount has opened to a group', () => {
  test('is used, with its files closed again', async () => {
    mount();
    expect(files().length).toBe(4);
    await service.start();
    await expectInstance();
    expect(modesOf(files())).toEqual(['600']);
    expect(modesOf([service.dataDir])).toEqual(['2770']);
    expect(service.log.join()).not.toContain('data_folder_open');
  });

  // Only root can give files away.
  test.skipIf(process.getuid?.() !== 0)('is used also where its files are another user’s', async () => {
    const [user, group] = [12_345, 54_321];
    for (const path of [service.dataDir, ...files()]) chownSync(path, 0, group);
    mount();
    process.setegid?.(group);
    process.seteuid?.(user);
    try {
      await service.start();
      await expectInstance();
      await service.stop();
    } finally {
      process.seteuid?.(0);
      process.setegid?.(0);
    }
    expect(modesOf(files())).toEqual(['660', '600']);
    await service.start();
  });
});

test.each(['account-token', 'master-key'])(
  '%s is refused when every user can read it, and not closed',
  async name => {
    const file = join(service.dataDir, name);
    chmodSync(file, 0o644);
    const refusal = `${file} is open to every user of this machine; run: chmod 600 ${file}`;
    for (let attempt = 0; attempt < 2; attempt++) await expect(service.start()).rejects.toThrow(refusal);
    chmodSync(file, 0o600);
    await service.start();
  },
);

test('a data folder that is open to all is left so, which is said', async () => {
  chmodSync(service.dataDir, 0o755);
  await service.start();
  await expectInstance();
  expect(modesOf([service.dataDir])).toEqual(['755']);
  expect(service.log.filter(line => line.includes('data_folder_open'))).toHaveLength(1);
});

test('a service that finds another at work in its folder leaves nothing there', async () => {
  await service.start();
  rmSync(join(service.dataDir, 'account-token'));
  const before = readdirSync(service.dataDir);
  await expect(service.start()).rejects.toThrow('Another wa-privacy uses this data folder');
  expect(readdirSync(service.dataDir)).toEqual(before);
});
