import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { type Api, openApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';

const { applyPrivacySettings, listPrivacySettings } = PrivacyServiceService;
const LIMITS = {
  callsPerMinute: 1000,
  createsPerMinute: 1000,
  failedTokensPerMinute: 1000,
  openStreams: 3,
  openLists: 2,
  connections: 1000,
};

let api: Api;
let secret: string;
/** Lets go of what waits. */
let release: () => void;

beforeEach(async () => {
  api = await openApi({ limits: LIMITS });
  secret = await api.addInstance('desk');
  const { updateSettings, readEach } = api.instances;
  const waiting = new Promise<void>(resolve => (release = resolve));
  api.instances.updateSettings = (...call) => waiting.then(() => updateSettings(...call));
  api.instances.readEach = (...call) => waiting.then(() => readEach.call(api.instances, ...call));
});
afterEach(() => api.close());

const list = (as = api.secret) => invoke(api, listPrivacySettings, {}, { secret: as });
const apply = (as = api.secret) =>
  invoke(
    api,
    applyPrivacySettings,
    { instances: ['desk'], visibility: { lastSeen: LastSeenVisibility.NONE } },
    { secret: as },
  );

describe.each([
  ['lists', list, LIMITS.openLists],
  ['open streams', apply, LIMITS.openStreams],
])('the %s of a token', (unit, call, limit) => {
  test('are bounded, and each token has its own', async () => {
    const waiting = Array.from({ length: limit }, () => call());
    // One of those that are sent is beyond the bound, in whatever order they arrive.
    const all = [...waiting, call()];
    const refused = await Promise.race(all);
    expect(refused.code).toBe('RESOURCE_EXHAUSTED');
    expect(refused.message).toBe(`More than ${limit} ${unit} at once; call again when one has ended`);
    expect(refused.detail('google.rpc.ErrorInfo')?.metadata).toEqual({ limit: String(limit) });
    expect(refused.detail('google.rpc.QuotaFailure')?.violations[0]?.subject).toBe(api.tokenId);
    expect(refused.detail('google.rpc.RetryInfo')).toBeDefined();

    const others = call(secret);
    release();
    expect((await others).code).toBe('OK');
    const codes = (await Promise.all(all)).map(({ code }) => code);
    expect(codes.filter(code => code === 'OK')).toHaveLength(limit);
    expect((await call()).code).toBe('OK');
  });
});
