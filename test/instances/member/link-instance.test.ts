import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { LinkResult, WhatsApp } from '../../../src/instances/ports/ports.js';
import type { CredentialStore } from '../../../src/instances/ports/store.js';
import { openRegistry, type Registry } from '../../../src/instances/registry.js';
import { linkedRecord, NO_DEVICES, nodeParts } from '../support/node-parts.js';

const soon = () => ({ deadline: performance.now() + 60_000, signal: new AbortController().signal });
const IDENTITY = Buffer.from('the credentials');

let parts: Awaited<ReturnType<typeof nodeParts>>;
let registry: Registry;
/** How the phone answers, with the store at hand. */
let connect: WhatsApp['connect'];
let answer: (credentials: CredentialStore) => Promise<LinkResult>;

beforeEach(async () => {
  parts = await nodeParts();
  await parts.store.instances.create({
    ...linkedRecord('desk'),
    status: 'logged_out',
    statusReason: 'removed',
  });
  const link: WhatsApp['link'] = () => answer(parts.store.credentials);
  ({ connect } = parts.options.whatsApp);
  const whatsApp: WhatsApp = { connect: (...call) => connect(...call), link, ...NO_DEVICES };
  registry = await openRegistry({ ...parts.options, whatsApp });
});
afterEach(async () => {
  await registry.stop();
  await parts.store.close();
});

async function linkDesk() {
  for await (const event of registry.link('desk', { kind: 'qr' }, soon()))
    if (event.kind === 'linked') return;
}
const saveLink = (credentials: CredentialStore) =>
  credentials.saveLink('desk', IDENTITY, { phoneNumber: '+15550100199', linkTime: new Date(2026, 0, 1) });
/** What callers are told beside the state, and what a restart would find. */
const toldAndStored = async () => {
  const [stored] = await parts.store.instances.list();
  const { phoneNumber, linkTime } = registry.get('desk');
  return [{ ...stored, phoneNumber, linkTime }, stored];
};

test('a linked instance is as it was stored with its credentials', async () => {
  answer = async credentials => ({ kind: 'linked', record: await saveLink(credentials) });
  await linkDesk();
  const [told, stored] = await toldAndStored();
  expect(told).toEqual(stored);
  expect(stored).toMatchObject({ status: 'linked', linkTime: new Date(2026, 0, 1), statusReason: '' });
  expect(registry.get('desk')).toMatchObject({ state: 'CONNECTED', phoneNumber: '+15550100199' });
});

test('an instance whose new link had to be cleared again is unlinked, here and in the store', async () => {
  answer = async credentials => {
    await saveLink(credentials);
    const record = await credentials.clear('desk');
    return { kind: 'disconnected', disconnect: { code: 503, text: 'gone' }, record };
  };
  await expect(linkDesk()).rejects.toMatchObject({ problem: { kind: 'WHATSAPP_UNCLEAR' } });
  const [told, stored] = await toldAndStored();
  expect(told).toEqual(stored);
  expect(stored).toMatchObject({ status: 'unlinked', phoneNumber: '', linkTime: undefined });
  expect(registry.get('desk')).toMatchObject({ state: 'UNLINKED', stateReason: '' });
});

test('an instance that was not linked after all is as it was before', async () => {
  answer = async () => ({ kind: 'disconnected', disconnect: { code: 503, text: 'gone' } });
  const before = registry.get('desk');
  await expect(linkDesk()).rejects.toMatchObject({ problem: { kind: 'WHATSAPP_UNCLEAR' } });
  expect(registry.get('desk')).toEqual(before);
  expect(before).toMatchObject({ state: 'LOGGED_OUT', stateReason: 'removed', phoneNumber: '+15550100123' });
});

test('a linked instance that cannot connect for a minute is told to be that, and goes on trying', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  const failed = { kind: 'failed', disconnect: { code: 503, text: 'gone' } } as const;
  connect = async () => failed;
  answer = async credentials => ({ kind: 'linked', record: await saveLink(credentials) });
  const ended = linkDesk().catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(180_000);
  expect(await ended).toMatchObject({ problem: { kind: 'INSTANCE_NOT_CONNECTED', state: 'CONNECTING' } });
  expect(registry.get('desk')).toMatchObject({ state: 'CONNECTING', phoneNumber: '+15550100199' });
  const stopped = registry.stop();
  await vi.advanceTimersByTimeAsync(1000);
  await stopped;
});

test('an unlinked instance is as the store says', async () => {
  answer = async credentials => ({ kind: 'linked', record: await saveLink(credentials) });
  await linkDesk();
  await registry.unlink('desk', soon());
  const [told, stored] = await toldAndStored();
  expect(told).toEqual(stored);
  expect(stored).toMatchObject({ status: 'unlinked', phoneNumber: '', linkTime: undefined });
});

test('a link waits for a delete that is under way, and then finds no instance', async () => {
  const dialled = vi.fn();
  answer = async () => {
    dialled();
    return { kind: 'timed_out' };
  };
  const deleted = registry.delete('desk', undefined, soon());
  await expect(linkDesk()).rejects.toMatchObject({ problem: { kind: 'INSTANCE_NOT_FOUND' } });
  await deleted;
  expect(dialled).not.toHaveBeenCalled();
});
