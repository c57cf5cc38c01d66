import { randomUUID } from 'node:crypto';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Nodes } from '../../../src/cluster/ports.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import { openApi } from './api.js';
import { invoke } from './invoke.js';
import { nodesWith } from './nodes.js';
import type { Provoke, Subject } from './stage.js';

const NO_MESSAGE = Buffer.of(0xff);
/** Field 15,000, which no message has. */
const UNKNOWN_FIELD = Buffer.of(0xc0, 0xa9, 0x07, 0x01);
/** More calls in a minute no method takes on a stingy service. */
const MOST_CALLS = 20;

const requestOf = ({ request }: Subject) => request('some-desk', 'some-token');

export const valid: Provoke = ({ call }, subject) => call(subject.method, requestOf(subject));

export const invalid: Provoke = ({ call }, subject) =>
  call(subject.method, { ...requestOf(subject), ...subject.invalid });

export const malformed: Provoke = ({ call }, { method }) => call(method, NO_MESSAGE);

export const withUnknownField: Provoke = ({ call }, { method }) => call(method, UNKNOWN_FIELD);

export const tooLarge: Provoke = ({ call }, { method }) => call(method, Buffer.alloc(64 * 1024 + 1));

export const withToken =
  (secret: string | null): Provoke =>
  ({ call }, subject) =>
    call(subject.method, requestOf(subject), { secret });

/** With a token that is bound to a certificate, over a connection that has none. */
export const withBoundToken: Provoke = async ({ service, call }, subject) => {
  const wish = { kind: Kind.ACCOUNT, access: Access.READ_WRITE, certificateSubject: 'desk.example.com' };
  const { secret } = await service.client.call(Tokens.createToken, wish);
  return call(subject.method, requestOf(subject), { secret });
};

/** With a token that reads another instance. */
export const notCovered: Provoke = async ({ service, call, unlinked }, subject) => {
  const wish = { kind: Kind.INSTANCE, instance: await unlinked(), access: Access.READ_ONLY };
  const { secret } = await service.client.call(Tokens.createToken, wish);
  return call(subject.method, requestOf(subject), { secret });
};

export const tooOften: Provoke = async ({ callStingy }, subject) => {
  for (let calls = 0; calls < MOST_CALLS; calls++) {
    const { code } = await callStingy(subject.method, NO_MESSAGE);
    if (code === 'RESOURCE_EXHAUSTED') break;
  }
  return callStingy(subject.method, requestOf(subject));
};

/** A call whose token is being looked up when the server begins to go away: later ones reach no server at all. */
export const whileShuttingDown: Provoke = async (_, subject) => {
  const { tokens, secret, ...api } = await openApi();
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>();
  const { promise: answered, resolve: answer } = Promise.withResolvers<void>();
  const verify: typeof tokens.verify = async sent => {
    ask();
    await answered;
    return tokens.verify(sent);
  };
  const leaving = await openApi({ tokens: { ...tokens, verify } });
  const ended = invoke({ client: leaving.client, secret }, subject.method, requestOf(subject));
  await asked;
  const drained = leaving.server.drain(60_000);
  answer();
  await Promise.all([ended, drained]);
  await Promise.all([api.close(), leaving.close()]);
  return ended;
};

/** A part of the service of which only these methods work. */
const broken = <Part extends object>(part: Part, fault: Error, but: readonly (keyof Part)[] = []): Part =>
  new Proxy(part, {
    get(target, name) {
      if (but.includes(name as keyof Part)) return Reflect.get(target, name);
      return () => {
        throw fault;
      };
    },
  });

/** With a service behind whose API nothing works, but for the check of the token. */
const onBrokenService =
  (fault: Error): Provoke =>
  async (_, subject) => {
    const { tokens, instances, store, secret, ...api } = await openApi();
    const failing = await openApi({
      instances: broken(instances, fault),
      tokens: broken(tokens, fault, ['verify', 'watch']),
      requestLog: broken(store.requests, fault),
      applyLog: broken(store.applies, fault),
      versions: broken({ status: () => undefined as never }, fault),
      nodes: broken({} as Nodes, fault),
      backUp: broken({ backUp: () => undefined as never }, fault).backUp,
    });
    // The failure of one of many instances is told in a message; that of the request_id is the call's own.
    const request = { ...requestOf(subject), requestId: randomUUID() };
    const ended = await invoke({ client: failing.client, secret }, subject.method, request);
    await Promise.all([api.close(), failing.close()]);
    return ended;
  };

export const onBrokenDisk = onBrokenService(new Error('disk I/O error'));

export const whileStoreIsAway = onBrokenService(new PrivacyError({ kind: 'STORE_UNAVAILABLE' }));

/** Where nodes share the instances, of which none has this id. */
export const amongOtherNodes: Provoke = async (_, subject) => {
  const { secret, ...api } = await openApi({ nodes: nodesWith() });
  const ended = await invoke({ client: api.client, secret }, subject.method, requestOf(subject));
  await api.close();
  return ended;
};

export const whileNobodyRunsIt = onBrokenService(
  new PrivacyError({ kind: 'INSTANCE_MOVED', instance: 'some-desk', retryAfterMs: 1_000 }),
);

/** Of a store that leaves backups to its engine. */
export const withoutBackups: Provoke = async (_, subject) => {
  const { secret, ...api } = await openApi({
    backUp() {
      throw new PrivacyError({ kind: 'BACKUP_NOT_SUPPORTED' });
    },
  });
  const ended = await invoke({ client: api.client, secret }, subject.method, requestOf(subject));
  await api.close();
  return ended;
};
