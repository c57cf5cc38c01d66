import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { Instance } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { run } from '../support/run.js';
import { startService } from '../support/service.js';

const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-proxy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const WITH_PASSWORD = 'socks5h://desk:open%3Asesame@proxy.example:1080';
const FILE = join(folder, 'proxy');
writeFileSync(FILE, `${WITH_PASSWORD}\n`);

async function service() {
  const instance = Instance.fromPartial({ name: 'desk', proxy: 'socks5h://proxy.example:1080' });
  const { address, calls, stop } = await startService({
    createInstance: () => ({ instance, token: undefined, secret: 'wap_new' }),
    updateInstance: () => ({ instance }),
  });
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  const sent = () => calls.map(({ request }) => (request as { proxy?: string }).proxy);
  const cli = (args: string[], input?: string) =>
    run(['instance', ...args], { env, ...(input !== undefined && { input }) });
  return { cli, sent };
}

test('--proxy takes a URL, one from a file or from standard input, and shows it without its user', async () => {
  const { cli, sent } = await service();
  const { stdout } = await cli(['create', 'desk', '--proxy', `@${FILE}`]);
  expect(stdout).toMatch(/^proxy +socks5h:\/\/proxy.example:1080$/m);
  await cli(['update', 'desk', '--proxy', '-'], `${WITH_PASSWORD}\n`);
  await cli(['update', 'desk', '--proxy', 'http://user@proxy.example:3128']);
  await cli(['update', 'desk', '--proxy', 'none']);
  await cli(['update', 'desk', '--display-name', 'Desk']);
  expect(sent()).toEqual([WITH_PASSWORD, WITH_PASSWORD, 'http://user@proxy.example:3128', '', undefined]);
});

test('--proxy refuses a password that stands where process lists show it, and a file that is not there', async () => {
  const { cli, sent } = await service();
  const onTheLine = await cli(['update', 'desk', '--proxy', WITH_PASSWORD]);
  expect(onTheLine.code).toBe(2);
  expect(onTheLine.stderr).toContain('--proxy: a password does not belong on a command line');
  expect(onTheLine.stderr).not.toContain('sesame');
  const missing = await cli(['create', '--proxy', `@${folder}/nowhere`]);
  expect(missing).toMatchObject({ code: 2, stderr: 'error: --proxy: cannot read the file (ENOENT)\n' });
  expect(sent()).toEqual([]);
});
