import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import {
  ContactBlacklistSetting as List,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { secretsIn } from '../support/log-scan.js';
import { type Service, startService } from '../support/service.js';

const ANNA = { phoneNumber: '+15550100101', lid: '123456789012345' };

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

/** A life of an account, logged in every detail: linked, changed by this service and on the phone. */
beforeAll(async () => {
  service = await startService({ env: { WA_PRIVACY_LOG_LEVEL: 'debug' } });
  service.simulator.addPerson(ANNA);
  desk = await service.linked();
  const { instance, phone } = desk;
  await service.client.call(Privacy.updatePrivacySettings, {
    instance,
    visibility: { lastSeen: LastSeenVisibility.NONE },
  });
  await service.client.call(Privacy.updateContactBlacklist, {
    instance,
    setting: List.PROFILE,
    entriesToAdd: [{ id: { $case: 'phoneNumber', value: ANNA.phoneNumber } }],
  });
  phone.setPrivacy('status', 'contacts');
  await soon(() => expect(seen({ direction: 'out', type: 'account_sync' })).toHaveLength(1));
});
afterAll(() => service[Symbol.asyncDispose]());

/** Stanzas are always under way: read again after a push, pings. */
const soon = (hold: () => void) => vi.waitFor(hold, { timeout: 20_000 });

type Line = Readonly<Record<string, unknown>>;

/** The lines about stanzas that have these fields. */
const seen = (fields: Line = {}): Line[] =>
  service.log
    .map(line => JSON.parse(line) as Line)
    .filter(line => line['event'] === 'stanza')
    .filter(line => Object.entries(fields).every(([name, value]) => line[name] === value));

test('every stanza that WhatsApp got is a line, in order', async () => {
  await soon(() => {
    const got = service.simulator.findStanzas({}).map(({ node: { tag, attrs } }) => [tag, attrs['id']]);
    expect(got.length).toBeGreaterThan(15);
    expect(seen({ direction: 'out' }).map(({ tag, id }) => [tag, id])).toEqual(got);
  });
});

test('every answer to a query is a line with the id of the query', async () => {
  await soon(() => {
    const asked = seen({ direction: 'out', tag: 'iq' }).filter(({ type }) => type !== 'result');
    const answered = seen({ direction: 'in', tag: 'iq', type: 'result' });
    expect(answered.map(({ id }) => id).toSorted()).toEqual(asked.map(({ id }) => id).toSorted());
  });
});

test('a change, its answer and a push name the instance, the kind and the category', () => {
  const common = { level: 'debug', event: 'stanza', instance: desk.instance, child: 'privacy' };
  const [change, ...more] = seen({ direction: 'out', type: 'set', xmlns: 'privacy' });
  expect(change).toMatchObject({ ...common, tag: 'iq', categories: ['last'] });
  expect(seen({ direction: 'in', id: change?.['id'] })).toMatchObject([
    { ...common, tag: 'iq', type: 'result', categories: ['last'] },
  ]);
  expect(more).toMatchObject([{ ...common, tag: 'iq', categories: ['profile'] }]);
  expect(seen({ direction: 'out', type: 'get' })).toContainEqual(
    expect.objectContaining({ ...common, categories: ['profile'] }),
  );
  expect(seen({ direction: 'in', tag: 'notification', type: 'account_sync' })).toMatchObject([
    { ...common, categories: ['status'] },
  ]);
});

test('no line holds a value, a number, a JID, a key or a token', () => {
  const { phoneNumber, lid } = desk.phone;
  const lines = seen().map(line => JSON.stringify(line));
  expect(secretsIn(lines, [phoneNumber, lid, ANNA.phoneNumber.slice(1), ANNA.lid])).toEqual([]);
  for (const line of lines) {
    expect(line).not.toMatch(/@|contact_blacklist|\bnone\b|"all"/);
    expect(FIELDS).toEqual(expect.arrayContaining(Object.keys(JSON.parse(line) as Line)));
  }
});
const FIELDS = [
  'level',
  'time',
  'msg',
  'event',
  'instance',
  'direction',
  'tag',
  'id',
  'type',
  'xmlns',
  'child',
  'categories',
];
