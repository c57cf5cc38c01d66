import { describe, expect, test } from 'vitest';
import {
  InstanceServiceService as Instances,
  ListInstancesRequest,
} from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { TokenServiceService as Tokens } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { pageTokens } from '../../../src/grpc/messages/page-tokens.js';
import { METHODS as TABLE } from '../../../src/grpc/method-table.js';
import { changeRecord } from '../../stores/contract/records.js';
import { type Api, startApi } from '../support/api.js';
import { hideLastSeen } from '../support/fleet.js';
import { invoke } from '../support/invoke.js';
import { type AnyMethod, METHODS, rulesOf, shortName } from '../support/methods.js';
import { nodesWith } from '../support/nodes.js';
import { ROWS, rowOf } from '../support/rows.js';

/** A method with pages: an entry of its answer in a word, and what else the same list could be asked with. */
type Paged = { readonly entries: string; readonly other?: object };

const PAGED: Readonly<Record<string, Paged>> = {
  'PrivacyService/ListPrivacySettings': { entries: 'entries', other: { maxAge: { seconds: 60n, nanos: 0 } } },
  'PrivacyService/GetApplyResult': {
    entries: 'results',
    other: { requestId: '2b1c8e52-6d2f-4f4b-9a68-0d8a3a3e9f11' },
  },
  'PrivacyService/ListPrivacyChanges': { entries: 'changes', other: { instance: 'b' } },
  'PrivacyService/GetContactBlacklist': { entries: 'entries', other: { setting: 2 } },
  'InstanceService/ListInstances': { entries: 'instances', other: { state: 1 } },
  'TokenService/ListTokens': { entries: 'tokens' },
  'NodeService/ListLeases': { entries: 'leases' },
};

const pagedMethods = METHODS.filter(method => 'pageToken' in method.requestDeserialize(Buffer.of()));

const rowOfPages = (method: AnyMethod): Paged => {
  const row = PAGED[shortName(method)];
  if (!row) throw new Error(`${shortName(method)} has no row`);
  return row;
};

/** Three entries of everything that has pages. */
async function filledApi(): Promise<Api & { readonly secretOfA: string }> {
  const leases = ['a', 'b', 'c'].map(instance => ({ instance, node: 'this', epoch: 1 }));
  const api = await startApi({ nodes: nodesWith(leases) });
  const secretOfA = await api.addInstance('a');
  await api.addInstance('b');
  await api.addInstance('c');
  await invoke(api, Privacy.applyPrivacySettings, {
    instances: ['a', 'b', 'c'],
    ...hideLastSeen,
    ...ROWS['PrivacyService/GetApplyResult']?.request('', ''),
  });
  await api.store.changes.append(
    ['a', 'b'].flatMap(name => [1, 2, 3].map(second => changeRecord(name, second))),
  );
  return { ...api, secretOfA };
}

/** What is listed changes only by being used. */
const inWords = (entry: object): string =>
  JSON.stringify({ ...entry, lastUseTime: undefined }, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}` : value,
  );

async function pageOf(api: Api, method: AnyMethod, request: object, secret = api.secret) {
  const ended = await invoke(api, method, { ...rowOf(method).request('a', ''), ...request }, { secret });
  const response = (ended.responses[0] ?? {}) as { readonly [field: string]: unknown };
  return {
    entries: ((response[rowOfPages(method).entries] ?? []) as object[]).map(inWords),
    next: (response['nextPageToken'] ?? '') as string,
    wrong: ended.detail('google.rpc.BadRequest')?.fieldViolations.map(({ field }) => field),
    reason: ended.detail('google.rpc.ErrorInfo')?.reason,
  };
}

const REFUSED = { wrong: ['page_token'], reason: 'INVALID_REQUEST' };

describe.each(pagedMethods.map(method => [shortName(method), method] as const))('%s', (_, method) => {
  test('goes on with the token that it gave, whatever the size of the next page', async () => {
    const api = await filledApi();
    const all = (await pageOf(api, method, {})).entries;
    const first = await pageOf(api, method, { pageSize: 1 });
    const rest = await pageOf(api, method, { pageSize: 200, pageToken: first.next });
    expect(all.length).toBeGreaterThanOrEqual(2);
    expect([...first.entries, ...rest.entries]).toEqual(all);
    expect(rest.next).toBe('');
  });

  test('refuses a token with any byte changed, cut off or added', async () => {
    const api = await filledApi();
    const { next } = await pageOf(api, method, { pageSize: 1 });
    const bytes = Buffer.from(next, 'base64url');
    const tampered = [...bytes.keys()].map(index => {
      const copy = Buffer.from(bytes);
      copy[index] = (copy[index] ?? 0) ^ 1;
      return copy.toString('base64url');
    });
    for (const pageToken of [...tampered, next.slice(0, -1), `${next}A`, `${next}=`, `${next}\n`, 'x'])
      expect(await pageOf(api, method, { pageToken })).toMatchObject(REFUSED);
  });

  test('refuses the token of every other method', async () => {
    const api = await filledApi();
    for (const other of pagedMethods.filter(one => one !== method)) {
      const { next } = await pageOf(api, other, { pageSize: 1 });
      expect(await pageOf(api, method, { pageToken: next })).toMatchObject(REFUSED);
    }
  });

  test.skipIf(rowOfPages(method).other === undefined)('refuses its token for another filter', async () => {
    const api = await filledApi();
    const { other = {} } = rowOfPages(method);
    const { next } = await pageOf(api, method, { pageSize: 1 });
    expect(await pageOf(api, method, { pageToken: next, ...other })).toMatchObject(REFUSED);
    expect((await pageOf(api, method, { pageToken: next })).reason).toBeUndefined();
  });

  test.skipIf(rulesOf(method).permit.kind === 'ACCOUNT')(
    'refuses the token of a caller who covers something else',
    async () => {
      const api = await filledApi();
      const { next } = await pageOf(api, method, { pageSize: 1 });
      expect(await pageOf(api, method, { pageToken: next }, api.secretOfA)).toMatchObject(REFUSED);
    },
  );
});

test('every method with pages has its row here', () => {
  expect(pagedMethods.map(shortName).sort()).toEqual(Object.keys(PAGED).sort());
});

test('a token of an account is taken from every token of the account, a rotated one too', async () => {
  const api = await filledApi();
  const { next } = await pageOf(api, methodOf(Instances.listInstances), { pageSize: 1 });
  const rotated = await invoke(api, Tokens.rotateToken, { tokenId: api.tokenId });
  const secret = rotated.responses[0]?.secret ?? '';
  const rest = await pageOf(api, methodOf(Instances.listInstances), { pageToken: next }, secret);
  expect(rest.entries).toHaveLength(2);
});

test('pages go on where the last entry was that is gone', async () => {
  const api = await filledApi();
  const instances = await pageOf(api, methodOf(Instances.listInstances), { pageSize: 2 });
  await invoke(api, Instances.deleteInstance, { instance: 'b' });
  const names = (entries: string[]) => entries.map(text => (JSON.parse(text) as { name: string }).name);
  const left = await pageOf(api, methodOf(Instances.listInstances), { pageToken: instances.next });
  expect(names(left.entries)).toEqual(['c']);
});

test('pages go on where the last token was that is revoked', async () => {
  const api = await filledApi();
  const tokens = await pageOf(api, methodOf(Tokens.listTokens), { pageSize: 3 });
  const { id: tokenId } = JSON.parse(tokens.entries[2] ?? '') as { id: string };
  await invoke(api, Tokens.revokeToken, { tokenId });
  const left = await pageOf(api, methodOf(Tokens.listTokens), { pageToken: tokens.next });
  expect(left.entries).toHaveLength(1);
});

const methodOf = (method: unknown) => method as AnyMethod;

describe('a page token', () => {
  const caller = {
    method: TABLE.get(Instances.listInstances.path) ?? rulesOf(Instances.listInstances),
    principal: { instance: undefined, selector: undefined },
  } as const;
  const key = Buffer.alloc(32, 'a key');
  const request = ListInstancesRequest.decode(Buffer.of());

  const pageFor = (pageToken: string, by = key) => {
    const checked = pageTokens(by)(ListInstancesRequest, { ...request, pageToken }, caller);
    return checked.violations ? undefined : checked.value;
  };
  const tokenAfter = (place: string): string => pageFor('')?.tokenAfter(place) ?? '';

  test('is good for whoever has the key, as after a restart and on another node', () => {
    expect(pageFor(tokenAfter('desk'))?.after).toBe('desk');
    expect(pageFor(tokenAfter('desk'), Buffer.alloc(32, 'another'))).toBeUndefined();
  });

  test('tells nothing of the place that it holds, and is another each time', () => {
    const tokens = Array.from({ length: 20 }, () => tokenAfter('support-desk'));
    expect(new Set(tokens).size).toBe(20);
    for (const token of tokens)
      expect(Buffer.from(token, 'base64url').toString('latin1')).not.toContain('support');
  });
});
