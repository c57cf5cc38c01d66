import { credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type ApplyPrivacySettingsResponse,
  detailsOf,
  ErrorInfo,
  GroupAddPermission,
  InstanceServiceService,
  LastSeenVisibility,
  outcomesOf,
  PrivacyServiceClient,
  PrivacyServiceService,
  PrivacySetting,
  reasonOf,
  retryDelayMsOf,
  SettingOutcome_State as State,
  Status,
  UpdatePrivacySettingsRequest,
} from '../../src/client/index.js';
import { bearer } from '../support/call.js';
import { ACCOUNT_TOKEN, type Service, startService } from '../support/service.js';

const TWO = {
  visibility: { lastSeen: LastSeenVisibility.NONE },
  permissions: { groupAdd: GroupAddPermission.CONTACTS },
};

let service: Service;
let privacy: PrivacyServiceClient;
let desk: Awaited<ReturnType<Service['linked']>>;
beforeAll(async () => {
  service = await startService();
  desk = await service.linked();
  await service.client.call(InstanceServiceService.createInstance, { name: 'nobody' });
  privacy = new PrivacyServiceClient(service.address, credentials.createInsecure());
});
afterAll(async () => {
  privacy.close();
  await service[Symbol.asyncDispose]();
});

/** How grpc-js tells of an update that fails. */
const failedUpdate = (instance: string, token = ACCOUNT_TOKEN) =>
  new Promise<ServiceError | null>(resolve => {
    const request = UpdatePrivacySettingsRequest.fromPartial({ instance, ...TWO });
    privacy.updatePrivacySettings(request, bearer(token), resolve);
  });

const statesOf = (failure: unknown) =>
  outcomesOf(failure).map(({ setting, state }) => `${PrivacySetting[setting]} ${State[state]}`);

describe('the helpers of the client', () => {
  test('tell why an update failed, and what became of each setting', async () => {
    service.simulator.inject({
      match: { on: 'privacy_set', category: 'groupadd' },
      effect: { do: 'refuse_category', code: 403 },
    });
    const failure = await failedUpdate(desk.instance);
    expect(reasonOf(failure)).toBe('PARTIAL_UPDATE');
    expect(statesOf(failure)).toEqual(['LAST_SEEN APPLIED', 'GROUP_ADD FAILED']);
    expect(retryDelayMsOf(failure)).toBeUndefined();
  });

  test('read the status of one instance among many, which stands inside a message', async () => {
    const ends: ApplyPrivacySettingsResponse[] = [];
    const request = { instances: ['nobody'], ...TWO };
    const applied = service.client.stream(PrivacyServiceService.applyPrivacySettings, request);
    await expect(async () => {
      for await (const end of applied) ends.push(end);
    }).rejects.toThrow();
    expect(reasonOf(ends[0]?.result?.value)).toBe('INSTANCE_NOT_LINKED');
    expect(detailsOf(ends[0]?.result?.value)['google.rpc.PreconditionFailure']?.violations).toMatchObject([
      { type: 'INSTANCE_NOT_LINKED', subject: 'nobody' },
    ]);
  });

  test('tell when to call again', async () => {
    service.simulator.inject({
      match: { on: 'privacy_set' },
      effect: { do: 'refuse', code: 429 },
    });
    const failure = await failedUpdate(desk.instance);
    expect(reasonOf(failure)).toBe('WHATSAPP_RATE_LIMITED');
    expect(retryDelayMsOf(failure)).toBeGreaterThanOrEqual(1_000);
  });

  test('tell nothing of what is no failure of this service', async () => {
    const elsewhere = new PrivacyServiceClient('127.0.0.1:1', credentials.createInsecure());
    const notReached = await new Promise(resolve =>
      elsewhere.getPrivacySettings({ instance: desk.instance, maxAge: undefined }, resolve),
    );
    elsewhere.close();
    for (const failure of [notReached, new Error('no'), 'no', undefined, null]) {
      expect(reasonOf(failure)).toBeUndefined();
      expect(outcomesOf(failure)).toEqual([]);
      expect(retryDelayMsOf(failure)).toBeUndefined();
      expect(detailsOf(failure)).toEqual({});
    }
  });

  test('take no reason from another domain, and nothing from broken bytes', () => {
    expect(reasonOf(withDetail('wa-privacy'))).toBe('RATE_LIMITED');
    expect(reasonOf(withDetail('elsewhere.example.com'))).toBeUndefined();
    const broken = withDetail('wa-privacy');
    broken.details[0]?.value.fill(0xff);
    expect(detailsOf(broken)).toEqual({});
    const metadata = new Metadata();
    metadata.set('grpc-status-details-bin', Buffer.from([0xff]));
    expect(detailsOf({ metadata })).toEqual({});
  });
});

const withDetail = (domain: string): Status => {
  const value = ErrorInfo.encode({ reason: 'RATE_LIMITED', domain, metadata: {} }).finish();
  const typeUrl = 'type.googleapis.com/google.rpc.ErrorInfo';
  return Status.fromPartial({ details: [{ typeUrl, value: Buffer.from(value) }] });
};
