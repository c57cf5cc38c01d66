import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  OnFailure,
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  GroupAddPermission,
  LastSeenVisibility,
  MessagesPermission,
  OnlineVisibility,
  PrivacySetting,
  ProfileVisibility,
  ReadReceiptsMode,
  StatusVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { failureOf } from '../support/call.js';
import { heard } from '../support/desk.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

let service: Service;
let desk: Awaited<ReturnType<Service['linked']>>;

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  desk = await service.linked();
  await settled();
  takePrivacyStanzas(service);
});

/** Waits for the read that follows a connection, so that it is not counted. */
const settled = () =>
  expect.poll(() => service.simulator.findStanzas({ xmlns: 'privacy' }).length).toBeGreaterThan(0);
const update = (request: Partial<UpdatePrivacySettingsRequest>) =>
  service.client.call(Privacy.updatePrivacySettings, { instance: desk.instance, ...request });
const read = () => service.client.call(Privacy.getPrivacySettings, { instance: desk.instance });

const NARROW: Partial<UpdatePrivacySettingsRequest> = {
  visibility: {
    lastSeen: LastSeenVisibility.NONE,
    status: StatusVisibility.CONTACTS,
    profile: ProfileVisibility.CONTACT_BLACKLIST,
    online: OnlineVisibility.MATCH_LAST_SEEN,
  },
  privacy: { readReceipts: ReadReceiptsMode.NONE },
  permissions: { callAdd: CallAddPermission.KNOWN, groupAdd: GroupAddPermission.CONTACTS },
};

describe('a value that is only read', () => {
  test('is told under its setting, and refused in an update', async () => {
    desk.phone.setPrivacy('groupadd', 'none');
    desk.phone.setPrivacy('calladd', 'contacts');
    desk.phone.setPrivacy('online', 'none');
    const { settings } = await read();
    expect(settings?.permissions).toMatchObject({
      groupAdd: GroupAddPermission.NONE,
      callAdd: CallAddPermission.CONTACTS,
    });
    expect(settings?.visibility?.online).toBe(OnlineVisibility.NONE);
    const failure = await failureOf(update({ permissions: { groupAdd: GroupAddPermission.NONE } as never }));
    expect(failure).toMatchObject({ code: status.INVALID_ARGUMENT, reason: 'INVALID_REQUEST' });
    expect(failure.message).toBe('Invalid groupAdd value: 4. Valid values: all, contacts, contact_blacklist');
  });

  test.each([
    ['groupadd', 'none', { permissions: { groupAdd: GroupAddPermission.CONTACT_BLACKLIST } }],
    ['calladd', 'contacts', { permissions: { callAdd: CallAddPermission.KNOWN } }],
    ['online', 'none', { visibility: { online: OnlineVisibility.MATCH_LAST_SEEN } }],
    ['profile', 'unheard_of', { visibility: { profile: ProfileVisibility.NONE } }],
  ] as const)(
    'or has no name: %s=%s is not left before every narrowing held',
    async (category, value, wish) => {
      desk.phone.setPrivacy(category, value);
      await heard(desk.phone);
      service.simulator.inject({
        match: { on: 'privacy_set', category: 'last' },
        effect: { do: 'refuse', code: 403 },
      });
      const visibility = {
        ...('visibility' in wish ? wish.visibility : {}),
        lastSeen: LastSeenVisibility.NONE,
      };
      const failure = await failureOf(update({ ...wish, visibility } as never));
      expect(failure).toMatchObject({ reason: 'WHATSAPP_REJECTED' });
      expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual([
        'set last=none',
      ]);
      expect(desk.phone.settings()[category]).toBe(value);
    },
  );
});

describe('an update of seven settings', () => {
  test('is confirmed by WhatsApp for each, and answers with all settings', async () => {
    const { settings, outcomes } = await update(NARROW);
    expect(outcomes.map(({ setting, state }) => [PrivacySetting[setting], State[state]])).toEqual([
      ['LAST_SEEN', 'APPLIED'],
      ['STATUS', 'APPLIED'],
      ['PROFILE', 'APPLIED'],
      ['ONLINE', 'APPLIED'],
      ['READ_RECEIPTS', 'APPLIED'],
      ['CALL_ADD', 'APPLIED'],
      ['GROUP_ADD', 'APPLIED'],
    ]);
    expect(outcomes[2]).toMatchObject({ previousValue: 'all', requestedValue: 'contact_blacklist' });
    expect(settings).toMatchObject({
      visibility: NARROW.visibility,
      privacy: { readReceipts: ReadReceiptsMode.NONE },
      permissions: { ...NARROW.permissions, messages: MessagesPermission.ALL },
    });
    expect(desk.phone.settings()).toMatchObject({
      last: 'none',
      status: 'contacts',
      profile: 'contact_blacklist',
      online: 'match_last_seen',
      readreceipts: 'none',
      calladd: 'known',
      groupadd: 'contacts',
    });
  });

  test('sends each setting once, last_seen before online, and one read behind them', async () => {
    await read();
    takePrivacyStanzas(service);
    await update(NARROW);
    const stanzas = takePrivacyStanzas(service);
    const sets = stanzas.filter(stanza => stanza.startsWith('set'));
    expect([sets.length, new Set(sets).size]).toEqual([7, 7]);
    expect(sets.indexOf('set last=none')).toBeLessThan(sets.indexOf('set online=match_last_seen'));
    // One that the service makes by itself may stand before.
    expect(stanzas.slice(stanzas.indexOf(sets.at(-1) ?? '') + 1)).toEqual(['get']);
  });

  test('repeated costs nothing while the last read is fresh, and says UNCHANGED', async () => {
    await update(NARROW);
    takePrivacyStanzas(service);
    const { outcomes, settings } = await update(NARROW);
    expect(outcomes.map(({ state }) => state)).toEqual(Array(7).fill(State.UNCHANGED));
    expect(settings?.visibility?.lastSeen).toBe(LastSeenVisibility.NONE);
    expect(takePrivacyStanzas(service)).toEqual([]);
  });
});

describe('an update that narrows and widens', () => {
  const MIXED: Partial<UpdatePrivacySettingsRequest> = {
    visibility: { lastSeen: LastSeenVisibility.ALL, profile: ProfileVisibility.NONE },
    permissions: { callAdd: CallAddPermission.KNOWN },
  };
  beforeEach(async () => {
    desk.phone.setPrivacy('last', 'none');
    await heard(desk.phone);
  });

  test('widens only after every narrowing was confirmed', async () => {
    service.simulator.behaviour.latencyMs = 20;
    try {
      await update(MIXED);
    } finally {
      service.simulator.behaviour.latencyMs = 0;
    }
    const applied = service.simulator.sets(desk.phone.phoneNumber).filter(({ device }) => device > 0);
    expect(applied.map(({ category }) => category)).toEqual(['profile', 'calladd', 'last']);
    const sent = service.simulator.findStanzas({ type: 'set', xmlns: 'privacy' });
    const widened = service.simulator.findStanzas({ category: 'last' })[0];
    expect(widened?.time).toBeGreaterThan(applied[1]?.time ?? 0);
    expect(sent).toHaveLength(3);
  });

  test('widens nothing when a narrowing was refused, whatever on_failure says', async () => {
    for (const onFailure of [OnFailure.STOP, OnFailure.CONTINUE, OnFailure.ROLL_BACK]) {
      service.simulator.inject({
        match: { on: 'privacy_set', category: 'profile' },
        effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
      });
      const failure = await failureOf(update({ ...MIXED, onFailure }));
      const states = Object.fromEntries(
        (failure.update?.outcomes ?? []).map(({ setting, state }) => [PrivacySetting[setting], State[state]]),
      );
      expect(states['LAST_SEEN']).toBe('NOT_ATTEMPTED');
      expect(states['PROFILE']).toBe('FAILED');
      expect(desk.phone.settings()).toMatchObject({ last: 'none', profile: 'all' });
    }
  });
});

describe('an update with ROLL_BACK', () => {
  test('sets back what was applied and tells why it failed', async () => {
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'groupadd' },
      effect: { do: 'refuse_category', code: 403, text: 'forbidden' },
    });
    const failure = await failureOf(update({ ...NARROW, onFailure: OnFailure.ROLL_BACK }));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'WHATSAPP_REJECTED' });
    expect(failure.message).toContain('failed to update groupAdd privacy: ');
    expect(failure.update?.outcomes.map(({ state }) => State[state])).toEqual([
      ...Array(6).fill('ROLLED_BACK'),
      'FAILED',
    ]);
    expect(desk.phone.settings()).toMatchObject({ last: 'all', online: 'all', groupadd: 'all' });
    expect(failure.update?.settings?.visibility?.lastSeen).toBe(LastSeenVisibility.ALL);
  });
});

describe('an update with validate_only', () => {
  test('tells what would change and sends nothing', async () => {
    const { outcomes } = await update({
      visibility: { lastSeen: LastSeenVisibility.NONE, online: OnlineVisibility.ALL },
      validateOnly: true,
    });
    expect(outcomes.map(({ state }) => state)).toEqual([State.WOULD_CHANGE, State.UNCHANGED]);
    expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual([]);
    expect(desk.phone.settings()['last']).toBe('all');
  });
});

describe('an update with an etag', () => {
  test('goes through with the etag of the last read', async () => {
    const { settings } = await read();
    const { outcomes } = await update({ ...NARROW, etag: settings?.etag ?? '' });
    expect(outcomes.every(({ state }) => state === State.APPLIED)).toBe(true);
  });

  test('is refused before anything is sent when the phone changed a setting meanwhile', async () => {
    const { settings } = await read();
    desk.phone.setPrivacy('calladd', 'known');
    await expect.poll(async () => (await read()).settings?.etag).not.toBe(settings?.etag);
    const failure = await failureOf(update({ ...NARROW, etag: settings?.etag ?? '' }));
    expect(failure).toMatchObject({ code: status.ABORTED, reason: 'ETAG_MISMATCH' });
    expect(
      failure.update?.outcomes.every(
        ({ state }) => state === State.NOT_ATTEMPTED || state === State.UNCHANGED,
      ),
    ).toBe(true);
    expect(desk.phone.settings()['last']).toBe('all');
  });
});

describe('settings that must not be sent', () => {
  test('are refused when the account does not report them', async () => {
    desk.phone.removeCategory('messages');
    await read();
    const failure = await failureOf(
      update({ ...NARROW, permissions: { messages: MessagesPermission.CONTACTS } }),
    );
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'SETTING_NOT_AVAILABLE' });
    expect(failure.details['google.rpc.PreconditionFailure']?.violations).toMatchObject([
      { type: 'SETTING_NOT_AVAILABLE', subject: 'permissions.messages' },
    ]);
    expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual([]);
  });

  test('are refused while Strict Account Settings lock them', async () => {
    desk.phone.setPrivacy('defense', 'on_standard');
    await read();
    const failure = await failureOf(update(NARROW));
    expect(failure).toMatchObject({ code: status.FAILED_PRECONDITION, reason: 'SETTING_LOCKED' });
    expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual([]);
  });
});

describe('two updates of one instance at once', () => {
  test('run one after another', async () => {
    service.simulator.behaviour.latencyMs = 20;
    try {
      await Promise.all([
        update({ visibility: { lastSeen: LastSeenVisibility.NONE, profile: ProfileVisibility.NONE } }),
        update({ visibility: { lastSeen: LastSeenVisibility.CONTACTS, status: StatusVisibility.NONE } }),
      ]);
    } finally {
      service.simulator.behaviour.latencyMs = 0;
    }
    const applied = service.simulator
      .sets(desk.phone.phoneNumber)
      .map(({ category, value }) => `${category}=${value}`);
    expect(applied.slice(0, 2).sort()).toEqual(['last=none', 'profile=none']);
    expect(desk.phone.settings()).toMatchObject({ last: 'contacts', profile: 'none', status: 'none' });
  });
});
