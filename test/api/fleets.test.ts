import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ErrorInfo } from '../../gen/ts/google/rpc/error_details.js';
import type { Status } from '../../gen/ts/google/rpc/status.js';
import {
  PrivacyUpdateFailure,
  SettingOutcome_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  type ApplyPrivacySettingsRequest,
  type ApplyPrivacySettingsResponse,
  type ListPrivacySettingsRequest,
  OnFailure,
  PrivacyServiceService as Privacy,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  GroupAddPermission,
  LastSeenVisibility,
  ProfileVisibility,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Effect } from '../../src/simulator/index.js';
import { bearer, CallError, type CallOptions } from '../support/call.js';
import { heard } from '../support/desk.js';
import { type Service, startService, takePrivacyStanzas } from '../support/service.js';

type Desk = Awaited<ReturnType<Service['linked']>>;
let service: Service;
let desks: [Desk, Desk, Desk];
let names: string[];

beforeAll(async () => {
  service = await startService();
  desks = [await service.linked(), await service.linked(), await service.linked()];
  names = desks.map(({ instance }) => instance);
  await service.client.call(Instances.createInstance, { name: 'unlinked' });
});
afterAll(() => service[Symbol.asyncDispose]());
beforeEach(async () => {
  service.simulator.clearFaults();
  for (const { phone } of desks)
    for (const category of ['last', 'profile', 'calladd', 'groupadd']) phone.setPrivacy(category, 'all');
  await Promise.all(desks.map(({ phone }) => heard(phone)));
  await list({});
  takePrivacyStanzas(service);
});

const list = (request: Partial<ListPrivacySettingsRequest>, options?: CallOptions) =>
  service.client.call(Privacy.listPrivacySettings, request, options);
const fault = ({ phone }: Desk, effect: Effect, category?: string) =>
  service.simulator.inject({
    match: {
      on: category === undefined ? 'privacy_get' : 'privacy_set',
      phoneNumber: phone.phoneNumber,
      ...(category !== undefined && { category }),
    },
    effect,
    times: Number.POSITIVE_INFINITY,
  });

/** The reason of an error inside a message, and what became of the settings. */
function reasonIn({ details }: Status) {
  const read = <T>(name: string, type: { decode(bytes: Uint8Array): T }) => {
    const found = details.find(({ typeUrl }) => typeUrl.endsWith(`/${name}`));
    return found && type.decode(found.value);
  };
  expect(details.map(({ typeUrl }) => typeUrl)).not.toContain('type.googleapis.com/google.rpc.RequestInfo');
  return {
    reason: read('google.rpc.ErrorInfo', ErrorInfo)?.reason,
    outcomes: read('whatsapp.privacy.v1.PrivacyUpdateFailure', PrivacyUpdateFailure)?.outcomes ?? [],
  };
}

describe('ListPrivacySettings', () => {
  test('reads every instance, and gives the error of one that cannot be read in its place', async () => {
    const { entries, nextPageToken } = await list({});
    expect(nextPageToken).toBe('');
    expect(entries.map(({ instance }) => instance)).toEqual([...names, 'unlinked']);
    for (const { result } of entries.slice(0, 3))
      expect(result).toMatchObject({ value: { visibility: { lastSeen: LastSeenVisibility.ALL } } });
    const [alone, inList] = [
      await service.client
        .call(Privacy.getPrivacySettings, { instance: 'unlinked' })
        .catch((error: unknown) => error),
      entries[3]?.result,
    ];
    expect(inList?.$case).toBe('error');
    const error = inList?.value as Status;
    expect(reasonIn(error).reason).toBe('INSTANCE_NOT_LINKED');
    expect(alone).toMatchObject({ code: error.code, message: error.message });
    expect(takePrivacyStanzas(service)).toEqual(['get', 'get', 'get']);
  });

  test('comes in pages ordered by name', async () => {
    const first = await list({ pageSize: 3 });
    expect(first.entries.map(({ instance }) => instance)).toEqual(names);
    const second = await list({ pageSize: 3, pageToken: first.nextPageToken });
    expect(second.entries.map(({ instance }) => instance)).toEqual(['unlinked']);
    expect(second.nextPageToken).toBe('');
  });

  test('is of one instance for its token', async () => {
    const { entries, nextPageToken } = await list({}, { metadata: bearer(desks[1].token) });
    expect(entries.map(({ instance }) => instance)).toEqual([desks[1].instance]);
    expect(nextPageToken).toBe('');
  });

  test('with max_age asks WhatsApp for nothing that it knows', async () => {
    // What the pushes of the preparation asked for has been read.
    await expect
      .poll(async () => {
        takePrivacyStanzas(service);
        await list({ maxAge: { seconds: 60n, nanos: 0 } });
        return takePrivacyStanzas(service);
      })
      .toEqual([]);
  });

  test('does not wait longer for one than its caller does for all', async () => {
    fault(desks[0], { do: 'silence' });
    const { entries } = await list({}, { deadlineMs: 2000 });
    expect(entries.map(({ result }) => result?.$case)).toEqual(['error', 'settings', 'settings', 'error']);
    expect(reasonIn(entries[0]?.result?.value as Status).reason).toBe('DEADLINE_TOO_SHORT');
  });
});

/** Applies, and tells how each instance ended and how the call did. */
async function apply(request: Partial<ApplyPrivacySettingsRequest>, options?: CallOptions) {
  const ends: ApplyPrivacySettingsResponse[] = [];
  let error: CallError | undefined;
  try {
    const stream = service.client.stream(
      Privacy.applyPrivacySettings,
      { instances: names, ...request },
      options,
    );
    for await (const end of stream) ends.push(end);
  } catch (failed) {
    if (!(failed instanceof CallError)) throw failed;
    error = failed;
  }
  const endOf = (instance: string) => ends.find(end => end.instance === instance)?.result;
  return { ends, endOf, error, failure: error?.details['whatsapp.privacy.v1.PrivacyApplyFailure'] };
}
const HIDE = { visibility: { lastSeen: LastSeenVisibility.NONE } };
const TWO = { visibility: { lastSeen: LastSeenVisibility.NONE, profile: ProfileVisibility.NONE } };
const REFUSED = { do: 'refuse_category', code: 403, text: 'forbidden' } as const;

describe('ApplyPrivacySettings', () => {
  test('makes the same changes on every instance and reports each as it ends', async () => {
    const { ends, error } = await apply(TWO);
    expect(error).toBeUndefined();
    expect(ends.map(({ doneCount, totalCount }) => [doneCount, totalCount])).toEqual([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    for (const { index, instance, result } of ends) {
      expect(instance).toBe(names[index]);
      expect(result).toMatchObject({
        $case: 'success',
        value: {
          settings: { visibility: TWO.visibility },
          outcomes: [{ state: State.APPLIED }, { state: State.APPLIED }],
        },
      });
    }
    for (const { phone } of desks) expect(phone.settings()).toMatchObject({ last: 'none', profile: 'none' });
  });

  test('gives each instance its own error, and ends with how many failed', async () => {
    fault(desks[1], REFUSED, 'profile');
    const instances = ['absent', ...names, 'unlinked'];
    const { endOf, error, failure } = await apply({ ...TWO, instances });
    expect(error).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(failure).toEqual({ succeededCount: 2, failedCount: 3, failedIndexes: [0, 2, 4] });
    expect(reasonIn(endOf('absent')?.value as Status).reason).toBe('INSTANCE_NOT_FOUND');
    expect(reasonIn(endOf('unlinked')?.value as Status).reason).toBe('INSTANCE_NOT_LINKED');
    const refused = reasonIn(endOf(desks[1].instance)?.value as Status);
    expect(refused.reason).toBe('PARTIAL_UPDATE');
    expect(refused.outcomes.map(({ state }) => state)).toEqual([State.APPLIED, State.FAILED]);
    expect(desks.map(({ phone }) => phone.settings()['profile'])).toEqual(['none', 'all', 'none']);
  });

  test('rolls back where it was asked to, on the instance that failed alone', async () => {
    fault(desks[1], REFUSED, 'profile');
    const { endOf } = await apply({ ...TWO, onFailure: OnFailure.ROLL_BACK });
    const { reason, outcomes } = reasonIn(endOf(desks[1].instance)?.value as Status);
    expect(reason).toBe('WHATSAPP_REJECTED');
    expect(outcomes.map(({ state }) => state)).toEqual([State.ROLLED_BACK, State.FAILED]);
    expect(desks.map(({ phone }) => phone.settings()['last'])).toEqual(['none', 'all', 'none']);
  });

  test('with validate_only changes nothing and tells what it would', async () => {
    const { endOf, error } = await apply({ ...HIDE, validateOnly: true });
    expect(error).toBeUndefined();
    expect(endOf(desks[0].instance)).toMatchObject({ value: { outcomes: [{ state: State.WOULD_CHANGE }] } });
    expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual([]);
  });

  test('whose time runs out says so, with the outcome of each', async () => {
    fault(desks[0], { do: 'silence' }, 'last');
    fault(desks[0], { do: 'silence' });
    const { endOf, error, failure } = await apply(HIDE, { deadlineMs: 4000 });
    expect(error).toMatchObject({ code: status.DEADLINE_EXCEEDED, reason: 'DEADLINE_TOO_SHORT' });
    expect(error?.details['google.rpc.ErrorInfo']?.metadata).toEqual({});
    expect(failure).toEqual({ succeededCount: 2, failedCount: 1, failedIndexes: [0] });
    const late = reasonIn(endOf(desks[0].instance)?.value as Status);
    expect(late).toMatchObject({ reason: 'DEADLINE_TOO_SHORT', outcomes: [{ state: State.UNKNOWN }] });
  });

  test('finishes the instances it has begun when its caller leaves', async () => {
    // The second wave of the update is not sent when the caller goes.
    desks[0].phone.setPrivacy('calladd', 'known');
    fault(desks[0], { do: 'delay', ms: 500, moment: 'before_apply' }, 'last');
    const gone = new AbortController();
    const call = apply(
      { instances: [desks[0].instance], ...HIDE, permissions: { callAdd: CallAddPermission.ALL } },
      { signal: gone.signal },
    );
    await expect.poll(() => service.simulator.findStanzas({ category: 'last' }).length).toBe(1);
    gone.abort();
    expect((await call).error?.code).toBe(status.CANCELLED);
    await expect.poll(() => desks[0].phone.settings()).toMatchObject({ last: 'none', calladd: 'all' });
  });
});

describe('ApplyPrivacySettings with a request_id', () => {
  const requestId = () => crypto.randomUUID();

  test('gives the first answers again, and sends nothing', async () => {
    fault(desks[1], REFUSED, 'last');
    const request = { ...HIDE, requestId: requestId() };
    const first = await apply(request);
    expect(first.failure?.failedIndexes).toEqual([1]);
    service.simulator.clearFaults();
    for (const { phone } of desks) phone.setPrivacy('last', 'contacts');
    takePrivacyStanzas(service);

    const second = await apply(request);
    for (const name of names) expect(second.endOf(name)).toEqual(first.endOf(name));
    expect(second.failure).toEqual(first.failure);
    expect(second.error).toMatchObject({ code: status.ABORTED, reason: 'PARTIAL_UPDATE' });
    expect(takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'))).toEqual([]);
  });

  test('tries those again to which nothing was sent', async () => {
    const instances = ['later', ...names];
    const request = { ...HIDE, requestId: requestId(), instances };
    expect((await apply(request)).failure?.failedIndexes).toEqual([0]);
    await service.client.call(Instances.createInstance, { name: 'later' });
    const second = await apply(request);
    expect(reasonIn(second.endOf('later')?.value as Status).reason).toBe('INSTANCE_NOT_LINKED');
    await service.client.call(Instances.deleteInstance, { instance: 'later' });
  });

  test('is refused with another request', async () => {
    const id = requestId();
    await apply({ ...HIDE, requestId: id });
    const groupAdd = { groupAdd: GroupAddPermission.CONTACTS };
    const { error, ends } = await apply({ permissions: groupAdd, requestId: id });
    expect(error).toMatchObject({ code: status.ALREADY_EXISTS, reason: 'REQUEST_ID_REUSED' });
    expect(ends).toEqual([]);
  });

  test('shared by two calls at once changes everything once', async () => {
    const request = { ...HIDE, requestId: requestId() };
    const [one, other] = await Promise.all([apply(request), apply(request)]);
    for (const name of names) expect(other.endOf(name)).toEqual(one.endOf(name));
    const sets = takePrivacyStanzas(service).filter(stanza => stanza.startsWith('set'));
    expect(sets).toEqual(['set last=none', 'set last=none', 'set last=none']);
  });
});
