import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { ACCOUNT_TOKEN, type Service, startService } from './support/service.js';

const EXAMPLES = join(import.meta.dirname, '../dist/examples');

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

/** Starts an example as a user would, and keeps the lines it prints. */
function start(
  command: readonly string[],
  { env = {}, onLine }: { env?: Record<string, string>; onLine?: (line: string) => void } = {},
) {
  const [name, ...args] = command;
  const child = spawn(process.execPath, [join(EXAMPLES, `${name}.js`), ...args], {
    env: { ...process.env, WA_PRIVACY_SERVER: service.address, WA_PRIVACY_TOKEN: ACCOUNT_TOKEN, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', line => {
      lines.push(line);
      onLine?.(line);
    });
  return { lines, ended: codeOf(child) };
}

const codeOf = (child: ChildProcess) =>
  new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });

async function run(...how: Parameters<typeof start>) {
  const { lines, ended } = start(...how);
  return { code: await ended, lines };
}

describe('link-a-phone', () => {
  test('makes an instance and links the phone that scans what it shows', async () => {
    const phone = service.simulator.addPhone({ phoneNumber: '15550100301' });
    const { code, lines } = await run(['link-a-phone', 'by-qr'], {
      onLine(line) {
        const [, qr] = /elsewhere: (\S+)$/.exec(line) ?? [];
        if (qr) void phone.scan(qr);
      },
    });
    expect(lines[0]).toMatch(/^by-qr is made; its token: wap_/);
    expect(lines.at(-1)).toBe('by-qr is linked with +*******0301');
    expect(code).toBe(0);
    expect(phone.devices()).toHaveLength(1);
  });

  test('links the phone on which its code is typed', async () => {
    const phone = service.simulator.addPhone({ phoneNumber: '15550100302' });
    const { code, lines } = await run(['link-a-phone', 'by-code', '+15550100302'], {
      onLine(line) {
        const [, typed] = /type: (\w{8})$/.exec(line) ?? [];
        if (typed) void phone.enterCode(typed);
      },
    });
    expect(lines.at(-1)).toBe('by-code is linked with +*******0302');
    expect(code).toBe(0);
  });

  test('says why nothing can be linked', async () => {
    const { instance } = await service.linked();
    expect(await run(['link-a-phone', instance])).toEqual({
      code: 1,
      lines: ['FAILED_PRECONDITION: An account is linked already; call UnlinkInstance first to link another'],
    });
  });
});

describe('update-and-explain', () => {
  test('tells what was applied', async () => {
    const { instance, phone } = await service.linked({ settings: { calladd: 'known' } });
    expect(await run(['update-and-explain', instance])).toEqual({
      code: 0,
      lines: [
        'OK',
        'LAST_SEEN all → none: APPLIED',
        'CALL_ADD known → known: UNCHANGED',
        'GROUP_ADD all → contacts: APPLIED',
      ],
    });
    expect(phone.settings()).toMatchObject({ last: 'none', groupadd: 'contacts' });
  });

  test('tells of each setting what became of it when WhatsApp refused one', async () => {
    const { instance, phone } = await service.linked();
    const { phoneNumber } = phone;
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'groupadd', phoneNumber },
      effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
    });
    expect(await run(['update-and-explain', instance])).toEqual({
      code: 1,
      lines: [
        'ABORTED PARTIAL_UPDATE: failed to update groupAdd privacy: WhatsApp refused the change (403 forbidden)',
        'LAST_SEEN all → none: APPLIED',
        'CALL_ADD all → known: APPLIED',
        'GROUP_ADD all → contacts: FAILED, WHATSAPP_REJECTED: WhatsApp refused the change (403 forbidden)',
        'still open: GROUP_ADD',
      ],
    });
  });

  test('says when to call again', async () => {
    const { instance, phone } = await service.linked();
    const { phoneNumber } = phone;
    service.simulator.inject({
      match: { on: 'privacy_set', phoneNumber },
      effect: { do: 'refuse', code: 429, text: 'rate-overlimit' },
      times: Infinity,
    });
    const { code, lines } = await run(['update-and-explain', instance]);
    expect(lines[0]).toMatch(/^RESOURCE_EXHAUSTED WHATSAPP_RATE_LIMITED: /);
    expect(lines.at(-1)).toMatch(/^call again in [\d.]+ s$/);
    expect(code).toBe(1);
  });
});

/** An address that leads to the service wherever it listens at the moment, as one behind a name does. */
async function steadyAddress(): Promise<string> {
  const relay = createServer(socket => {
    const [host, port] = service.address.split(':');
    const onward = connect(Number(port), host);
    socket.pipe(onward).pipe(socket);
    for (const end of [socket, onward]) end.on('error', () => [socket, onward].map(one => one.destroy()));
  });
  onTestFinished(() => void relay.close());
  await once(relay.listen(0, '127.0.0.1'), 'listening');
  return `127.0.0.1:${(relay.address() as AddressInfo).port}`;
}

describe('follow-a-fleet', () => {
  test('shows every instance and what changes, also after the service was started anew', async () => {
    const { instance, phone } = await service.linked();
    const { lines } = start(['follow-a-fleet'], { env: { WA_PRIVACY_SERVER: await steadyAddress() } });
    const etags = () => new Set(lines.filter(line => line.startsWith(`${instance}: has the etag `))).size;
    const changes = () =>
      lines.filter(line => line.startsWith(`${instance}: `) && line.includes('changed by'));

    await expect.poll(etags).toBe(1);
    phone.setPrivacy('last', 'none');
    await expect.poll(changes).toEqual([`${instance}: LAST_SEEN changed by OTHER_DEVICE`]);

    await service.stop();
    await expect
      .poll(() => lines)
      .toContain('UNAVAILABLE: This server is going away; call again to reach another');
    phone.setPrivacy('status', 'none'); // Missed by the stream, not by the next one.
    await service.start();
    await expect.poll(etags).toBe(2);
    phone.setPrivacy('profile', 'none');
    await expect.poll(changes).toContain(`${instance}: PROFILE changed by OTHER_DEVICE`);
    // Of last seen and of profile: what changes while the service is down it cannot tell from what was there before.
    const entries = () => lines.filter(line => line.startsWith(`${instance}: entry `));
    await expect.poll(() => entries().length).toBe(2);
    expect(new Set(entries()).size).toBe(2);
  });

  test('ends when its token is not good', async () => {
    expect(await run(['follow-a-fleet'], { env: { WA_PRIVACY_TOKEN: 'wap_unknown' } })).toEqual({
      code: 1,
      lines: ['UNAUTHENTICATED: The token is unknown, revoked or expired; use another one'],
    });
  });
});
