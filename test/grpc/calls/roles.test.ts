import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  Token_Access as Access,
  type CreateTokenRequest,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer, CallError, type Caller, caller } from '../../support/call.js';
import { type Api, openApi } from '../support/api.js';
import { invoke } from '../support/invoke.js';
import { type AnyMethod, METHODS, shortName } from '../support/methods.js';
import { ROWS, type Row, rowOf } from '../support/rows.js';

/** Who calls, and the instance that the request then names. */
type Role = { who: string; token: Partial<CreateTokenRequest>; target: string; end?: keyof typeof ENDS };

const PATIENCE = { timeout: 20_000, interval: 20 };

/** How a token comes to its end, given its id and its secret. */
const ENDS = {
  revoked: (id: string) => invoke(api, Tokens.revokeToken, { tokenId: id }),
  'rotated out': (id: string) => invoke(api, Tokens.rotateToken, { tokenId: id }),
  'deleted with its instance': () => invoke(api, Instances.deleteInstance, { instance: 'gone' }),
  expired: (_: string, secret: string) =>
    vi.waitUntil(
      async () => (await invoke(api, Instances.listInstances, {}, { secret })).code !== 'OK',
      PATIENCE,
    ),
};

const account = { kind: Kind.ACCOUNT, access: Access.READ_WRITE };
const ofMine = { kind: Kind.INSTANCE, instance: 'mine', access: Access.READ_WRITE };
const ofGone = { ...ofMine, instance: 'gone' };
/** `mine` has the label, and no other. */
const ofSelector = { kind: Kind.SELECTOR, labelSelector: 'of=me', access: Access.READ_WRITE };
const reading = { access: Access.READ_ONLY };

const ROLES: Role[] = [
  { who: 'an account token', token: account, target: 'other' },
  { who: 'an account token that reads', token: { ...account, ...reading }, target: 'other' },
  { who: 'an instance token', token: ofMine, target: 'mine' },
  { who: 'an instance token that reads', token: { ...ofMine, ...reading }, target: 'mine' },
  { who: 'a selector token', token: ofSelector, target: 'mine' },
  { who: 'a selector token that reads', token: { ...ofSelector, ...reading }, target: 'mine' },
  ...['other', 'absent'].flatMap(target => [
    { who: `a selector token, on the ${target} instance`, token: ofSelector, target },
    { who: `an instance token, on the ${target} instance`, token: ofMine, target },
    {
      who: `an instance token that reads, on the ${target} instance`,
      token: { ...ofMine, ...reading },
      target,
    },
  ]),
  ...(['revoked', 'rotated out', 'expired'] as const).flatMap(end => [
    { who: `an account token, ${end}`, token: account, target: 'other', end },
    { who: `an instance token, ${end}`, token: ofMine, target: 'mine', end },
    { who: `a selector token, ${end}`, token: ofSelector, target: 'mine', end },
  ]),
  { who: 'the token of a deleted instance', token: ofGone, target: 'mine', end: 'deleted with its instance' },
];

/** What every token covers that is not of the account, and works. */
const COVERED = 'mine';

let api: Api;
let client: Caller;
const secrets = new Map<string, string>();

beforeAll(async () => {
  api = await openApi();
  client = caller(api.address, api.secret);
  for (const name of ['mine', 'other', 'gone']) {
    const labels = { of: name === 'mine' ? 'me' : 'nobody' };
    await invoke(api, Instances.createInstance, { name, labels });
  }
  for (const { who, token, end } of ROLES) {
    const expireTime = end === 'expired' ? new Date(Date.now() + 100) : undefined;
    const [made] = (await invoke(api, Tokens.createToken, { ...token, expireTime })).responses;
    const secret = made?.secret ?? '';
    secrets.set(who, secret);
    if (end) await ENDS[end](made?.token?.id ?? '', secret);
  }
});
afterAll(async () => {
  client.close();
  await api.close();
});

/** `OK` once there is an answer, the first one of a stream, or the reason given for refusing. */
async function answerTo(method: AnyMethod, request: object, secret: string): Promise<string | undefined> {
  try {
    for await (const _ of client.stream(method, request, { metadata: bearer(secret) })) break;
    return 'OK';
  } catch (error) {
    if (error instanceof CallError) return error.reason;
    throw error;
  }
}

function expected({ of, access, missing = 'OK' }: Row, { token, target, end }: Role): string {
  if (end) return 'TOKEN_INVALID';
  if (access === 'write' && token.access !== Access.READ_WRITE) return 'SCOPE_DENIED';
  const covers = token.kind === Kind.ACCOUNT || of === 'any' || (of === 'one' && target === COVERED);
  return covers ? missing : 'SCOPE_DENIED';
}

test('the matrix leaves no method out', () => {
  expect(Object.keys(ROWS).sort()).toEqual(METHODS.map(shortName).sort());
});

describe.each(METHODS.map(method => [shortName(method), method] as const))('%s answers', (name, method) => {
  const row = rowOf(method);

  test.each(ROLES.map(role => [expected(row, role), role.who, role] as const))(
    '%s to %s',
    async (outcome, who, { target }) => {
      const isDeleted = name === 'InstanceService/DeleteInstance' && outcome === 'OK';
      if (isDeleted) await invoke(api, Instances.createInstance, { name: 'doomed' });
      const [spare] = (await invoke(api, Tokens.createToken, account)).responses;
      const request = row.request(isDeleted ? 'doomed' : target, spare?.token?.id ?? '');
      expect(await answerTo(method, request, secrets.get(who) ?? '')).toBe(outcome);
    },
  );
});
