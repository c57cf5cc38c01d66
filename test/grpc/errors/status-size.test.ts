import { describe, expect, test } from 'vitest';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacySetting } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { PrivacyError, type Violation } from '../../../src/domain/errors.js';
import type { Outcome } from '../../../src/domain/outcome.js';
import { SETTING_NAMES } from '../../../src/domain/settings/settings-table.js';
import { startApi } from '../support/api.js';
import { snapshot } from '../support/instances.js';
import { invoke } from '../support/invoke.js';

const { getPrivacySettings } = PrivacyServiceService;
const UPDATE_FAILURE = 'whatsapp.privacy.v1.PrivacyUpdateFailure';
/** Four bytes in UTF-8, twelve when percent-encoded. */
const WIDE = '\u{1F512}';

const outcomes = (message: string): Outcome[] =>
  SETTING_NAMES.map(setting => ({
    setting,
    state: 'FAILED',
    cause: { reason: 'WHATSAPP_REJECTED', message, whatsappCode: 403 },
    previous: WIDE.repeat(1000),
    requested: 'contact_blacklist',
  }));

const settingsOfSize = (categories: number) => ({
  ...snapshot,
  categories: Array.from({ length: categories }, (_, index) => ({
    category: `category${index}`,
    value: 'x'.repeat(50),
  })),
});

async function failingWith(error: PrivacyError) {
  const api = await startApi();
  api.instances.readSettings = () => Promise.reject(error);
  const metadata = { 'x-request-id': 'x'.repeat(128) };
  const ended = await invoke(api, getPrivacySettings, { instance: 'a' }, { metadata });
  const bytes = ended.status ? Status.encode(ended.status).finish().length : 0;
  return { ended, bytes };
}

const failedUpdate = (message: string, categories: number) =>
  new PrivacyError(
    { kind: 'PARTIAL_UPDATE', instance: 'a'.repeat(63), setting: 'last_seen' },
    {
      update: {
        instance: 'a'.repeat(63),
        outcomes: outcomes(message),
        settings: settingsOfSize(categories),
        sent: true,
      },
    },
  );

describe('a status that would be too large', () => {
  test('keeps all that fits', async () => {
    const { ended, bytes } = await failingWith(failedUpdate('forbidden', 1));
    expect(bytes).toBeLessThanOrEqual(6144);
    expect(ended.detail(UPDATE_FAILURE)?.settings?.categories).toHaveLength(1);
    expect(ended.detail(UPDATE_FAILURE)?.outcomes[0]?.message).toBe('forbidden');
  });

  test('first loses the settings read back', async () => {
    const { ended, bytes } = await failingWith(failedUpdate('forbidden', 200));
    expect(bytes).toBeLessThanOrEqual(6144);
    expect(ended.detail(UPDATE_FAILURE)?.settings).toBeUndefined();
    expect(ended.detail(UPDATE_FAILURE)?.outcomes[0]?.message).toBe('forbidden');
  });

  test('then the messages of the outcomes, and never an outcome', async () => {
    const { ended, bytes } = await failingWith(failedUpdate(WIDE.repeat(1000), 200));
    expect(bytes).toBeLessThanOrEqual(6144);
    expect(ended.detail(UPDATE_FAILURE)?.outcomes).toHaveLength(SETTING_NAMES.length);
    expect(ended.detail(UPDATE_FAILURE)?.outcomes.map(({ message }) => message)).toEqual(
      SETTING_NAMES.map(() => ''),
    );
  });

  test('never passes the limit, whatever WhatsApp sends', async () => {
    const { update } = failedUpdate(WIDE.repeat(1000), 200);
    const text = WIDE.repeat(1000);
    const problem = {
      kind: 'WHATSAPP_REJECTED',
      instance: 'a'.repeat(63),
      setting: 'last_seen',
      whatsappText: text,
    } as const;
    const { ended, bytes } = await failingWith(new PrivacyError(problem, update ? { update } : {}));
    expect(ended.detail('google.rpc.PreconditionFailure')?.violations).toHaveLength(SETTING_NAMES.length);
    expect(ended.detail(UPDATE_FAILURE)?.outcomes).toHaveLength(SETTING_NAMES.length);
    expect(bytes).toBeLessThanOrEqual(6144);
  });

  test('then the violations after the tenth', async () => {
    const violation: Violation = {
      field: 'instances[999]',
      reason: 'INVALID_FORMAT',
      description: WIDE.repeat(1000),
      value: WIDE.repeat(1000),
    };
    const violations = Array.from({ length: 30 }, () => ({ ...violation, description: 'x'.repeat(1000) }));
    const { ended, bytes } = await failingWith(new PrivacyError({ kind: 'INVALID_REQUEST', violations }));
    expect(bytes).toBeLessThanOrEqual(6144);
    expect(ended.detail('google.rpc.BadRequest')?.fieldViolations).toHaveLength(20);

    const wide = violations.map(one => ({ ...one, description: `${'x'.repeat(150)}${WIDE.repeat(1000)}` }));
    const larger = await failingWith(new PrivacyError({ kind: 'INVALID_REQUEST', violations: wide }));
    expect(larger.bytes).toBeLessThanOrEqual(6144);
    expect(larger.ended.detail('google.rpc.BadRequest')?.fieldViolations).toHaveLength(10);
  });
});

test('a list of values without a name, each told with all that have one, loses violations but no word', async () => {
  const api = await startApi();
  const settings = Array.from({ length: 100 }, () => 2_000_000_000 as PrivacySetting);
  const metadata = { 'x-request-id': 'x'.repeat(128) };
  const ended = await invoke(api, PrivacyServiceService.listPrivacyChanges, { settings }, { metadata });
  expect(ended.status && Status.encode(ended.status).finish().length).toBeLessThanOrEqual(6144);
  const violations = ended.detail('google.rpc.BadRequest')?.fieldViolations ?? [];
  expect(violations.length).toBeGreaterThanOrEqual(5);
  for (const { description } of violations)
    expect(description).toMatch(
      /\(PRIVACY_SETTING_LAST_SEEN, .*, PRIVACY_SETTING_DEFAULT_DISAPPEARING_TIMER\)$/,
    );
});

describe('a message', () => {
  test('is at most 500 bytes as it travels, cut between characters', async () => {
    const { ended } = await failingWith(
      new PrivacyError({ kind: 'SHUTTING_DOWN' }, { message: WIDE.repeat(1000) }),
    );
    expect(ended.message).toBe(WIDE.repeat(41)); // 41 x 12 bytes
    expect(ended.status?.message).toBe(ended.message);
  });

  test('with half a character arrives', async () => {
    const { ended } = await failingWith(new PrivacyError({ kind: 'SHUTTING_DOWN' }, { message: 'a\ud800b' }));
    expect(ended.code).toBe('UNAVAILABLE');
    expect(ended.message).toBe('a\ufffdb');
  });
});

describe('quoted texts of WhatsApp', () => {
  test('are cut to 64 characters', async () => {
    const { ended } = await failingWith(
      new PrivacyError({ kind: 'WHATSAPP_REJECTED', instance: 'a', whatsappText: WIDE.repeat(1000) }),
    );
    expect(ended.detail('google.rpc.ErrorInfo')?.metadata['whatsapp_text']).toBe(WIDE.repeat(64));
  });
});
