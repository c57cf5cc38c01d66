import { expect, onTestFinished, test } from 'vitest';
import { Token, Token_Access, Token_Kind } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { run } from '../support/run.js';
import { type Answers, startService } from '../support/service.js';

const madeAt = new Date('2026-01-31T12:00:00Z');
const token = Token.fromPartial({
  id: 'k7f3q2',
  kind: Token_Kind.INSTANCE,
  instance: 'support-desk',
  access: Token_Access.READ_ONLY,
  displayName: 'dashboard',
  createTime: madeAt,
});

async function serviceWith(answers: Answers) {
  const { address, calls, stop } = await startService(answers);
  onTestFinished(stop);
  const env = { WA_PRIVACY_SERVER: address, WA_PRIVACY_TOKEN: 'wap_abc' };
  return { calls, cli: (...args: string[]) => run(['token', ...args], { env }) };
}

test('token create asks for a token that may do everything, unless told otherwise', async () => {
  const { cli, calls } = await serviceWith({ createToken: () => ({ token, secret: 'wap_new' }) });
  const { code, stdout, stderr } = await cli('create');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^id +k7f3q2\ncovers +support-desk\naccess +READ_ONLY\n/);
  expect(stdout).toContain('wap_new');

  const before = Date.now();
  const narrow = [
    '--instance',
    'support-desk',
    '--read-only',
    '--display-name',
    'dashboard',
    '--expires',
    '30d',
  ];
  narrow.push('--certificate-subject', 'desk.example.com');
  expect(JSON.parse((await cli('create', ...narrow, '--json')).stdout)).toMatchObject({
    token: { id: 'k7f3q2', access: 'ACCESS_READ_ONLY' },
    secret: 'wap_new',
  });
  expect(calls.map(({ request }) => request)).toEqual([
    {
      kind: Token_Kind.ACCOUNT,
      instance: '',
      access: Token_Access.READ_WRITE,
      displayName: '',
      expireTime: undefined,
      certificateSubject: '',
      labelSelector: '',
      requestId: '',
    },
    {
      kind: Token_Kind.INSTANCE,
      instance: 'support-desk',
      access: Token_Access.READ_ONLY,
      displayName: 'dashboard',
      expireTime: expect.any(Date),
      certificateSubject: 'desk.example.com',
      labelSelector: '',
      requestId: '',
    },
  ]);
  const [, narrowed] = calls as { request?: { expireTime: Date } }[];
  const expires = narrowed?.request?.expireTime.getTime() ?? 0;
  expect(expires - before).toBeGreaterThanOrEqual(30 * 86_400_000);
  expect(expires - Date.now()).toBeLessThanOrEqual(30 * 86_400_000);
});

test('token create with --selector asks for a token that covers what matches', async () => {
  const made = { ...token, kind: Token_Kind.SELECTOR, instance: '', labelSelector: 'env=prod,!old' };
  const { cli, calls } = await serviceWith({ createToken: () => ({ token: made, secret: 'wap_new' }) });
  const { code, stdout } = await cli('create', '--selector', 'env = prod,!old', '--read-only');
  expect(code).toBe(0);
  expect(stdout).toMatch(/covers +.*env=prod,!old/);
  const wanted = { kind: Token_Kind.SELECTOR, instance: '', labelSelector: 'env = prod,!old' };
  expect(calls.map(({ request }) => request)).toMatchObject([wanted]);

  const both = await cli('create', '--selector', 'vip', '--instance', 'support-desk');
  expect(both).toMatchObject({
    code: 2,
    stderr: 'error: --instance and --selector: a token covers the one or the other\n',
  });
  expect(calls).toHaveLength(1);
});

test('token create refuses a time that no calendar has', async () => {
  const { cli, calls } = await serviceWith({ createToken: () => ({ token, secret: '' }) });
  const { code, stderr } = await cli('create', '--expires', '999999999d');
  expect({ code, stderr }).toEqual({ code: 2, stderr: 'error: --expires: no calendar goes that far\n' });
  expect(calls).toEqual([]);
});

test('token list shows every page, also what is newer than this build', async () => {
  const odd = {
    ...token,
    certificateSubject: 'desk.example.com',
    id: 'odd',
    kind: 9 as Token_Kind,
    access: 8 as Token_Access,
  };
  const { cli } = await serviceWith({
    listTokens: ({ pageToken }) =>
      pageToken === ''
        ? { tokens: [{ ...token, kind: Token_Kind.ACCOUNT }], nextPageToken: 'more' }
        : { tokens: [odd], nextPageToken: '' },
  });
  const { stdout } = await cli('list');
  expect(stdout).toMatch(
    /k7f3q2 │ everything │ READ_ONLY │ dashboard │ 2026-01-31T12:00:00.000Z │ never +│ never/,
  );
  expect(stdout).toMatch(/odd +│ number 9 +│ number 8 .*│ desk\.example\.com │/);
  expect(JSON.parse((await cli('list', '--json')).stdout)).toMatchObject({
    tokens: [{ kind: 'KIND_ACCOUNT' }, { kind: 9 }],
  });
});

test('token revoke names the token', async () => {
  const { cli, calls } = await serviceWith({ revokeToken: () => ({}) });
  expect(await cli('revoke', 'k7f3q2')).toEqual({ code: 0, stdout: 'revoked k7f3q2\n', stderr: '' });
  expect(calls.map(({ request }) => request)).toEqual([{ tokenId: 'k7f3q2', allowMissing: false }]);
});

test('token rotate shows the new secret and when the old one ends', async () => {
  const { cli, calls } = await serviceWith({
    rotateToken: () => ({ token, secret: 'wap_new', previousExpireTime: madeAt }),
  });
  const { stdout } = await cli('rotate', 'k7f3q2', '--grace', '1h');
  expect(stdout).toContain('wap_new');
  expect(stdout).toContain('The old token ends at 2026-01-31T12:00:00.000Z.');
  await cli('rotate', 'k7f3q2');
  expect(calls.map(({ request }) => request)).toEqual([
    { tokenId: 'k7f3q2', gracePeriod: { seconds: 3600n, nanos: 0 }, requestId: '' },
    { tokenId: 'k7f3q2', gracePeriod: undefined, requestId: '' },
  ]);
});
