import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';

const END_SIGNAL = new URL('../../src/end-signal.ts', import.meta.url).href;

/** A process that reloads, and tells its file what it hears; on a terminal by `script` of util-linux, if it has one. */
async function listening(options: { terminal?: boolean } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-signal-'));
  const file = join(folder, 'heard');
  const code = `
    const { appendFileSync } = require('node:fs');
    const tell = what => appendFileSync('${file}', what + ' ');
    const staying = setInterval(() => undefined, 1000);
    import('${END_SIGNAL}').then(({ endSignal }) => {
      endSignal(() => tell('reload')).then(name => { tell(name); clearInterval(staying); });
      tell(process.pid);
    });`;
  const node = [process.execPath, '-e', code];
  const quoted = node.map(word => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const [command = '', ...args] = options.terminal ? ['script', '-qec', quoted, '/dev/null'] : node;
  const child = spawn(command, args, { stdio: ['pipe', 'ignore', 'inherit'], detached: true });
  const heard = () => (existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : []);
  await vi.waitUntil(() => heard().length > 0, { timeout: 60_000 });
  const pid = Number(heard()[0]);
  onTestFinished(async () => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });
  return { child, pid, heard: () => heard().slice(1) };
}

test('a hangup reloads, as often as it comes, and another signal ends', async () => {
  const { pid, heard } = await listening();
  process.kill(pid, 'SIGHUP');
  await expect.poll(heard).toEqual(['reload']);
  process.kill(pid, 'SIGHUP');
  await expect.poll(heard).toEqual(['reload', 'reload']);
  process.kill(pid, 'SIGTERM');
  await expect.poll(heard).toEqual(['reload', 'reload', 'SIGTERM']);
});

test.skipIf(process.platform !== 'linux')(
  'a hangup reloads on a terminal, and ends when that is gone',
  async () => {
    const { child, pid, heard } = await listening({ terminal: true });
    process.kill(pid, 'SIGHUP');
    await expect.poll(heard).toEqual(['reload']);
    child.kill('SIGKILL');
    await expect.poll(heard).toEqual(['reload', 'SIGHUP']);
  },
);
