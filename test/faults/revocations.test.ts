import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { OnFailure } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  Token_Access as Access,
  Token_Kind as Kind,
  TokenServiceService as Tokens,
} from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
import { bearer } from '../support/call.js';
import { type Service, startService } from '../support/service.js';
import { block } from './support/block.js';
import { findingsOf, inWords, SEED_IN_WORDS, seedsFor } from './support/findings.js';
import { type Desk, openDesks, recover } from './support/fleet.js';
import { type Held, revocationFaults, revocationOf, startOf } from './support/revocations.js';
import { setOnPhone, settingsOf } from './support/settings.js';
import { update } from './support/updates.js';

/** Updates with faults for one of these. */
const EVERY = 10;

let service: Service;
let desks: Desk[];
beforeAll(async () => {
  service = await startService();
  desks = await openDesks(service, 10);
});
afterAll(() => service[Symbol.asyncDispose]());

async function findingOf(desk: Desk, seed: number): Promise<string | undefined> {
  const { instance, phone } = desk;
  const drawn = revocationOf(seed);
  for (const { wishes } of drawn.holders) setOnPhone(phone, startOf(wishes));
  const blocking = await block(service, desk, drawn.blockedForMs);
  if (drawn.slowMs > 0)
    service.simulator.inject({
      match: { on: 'privacy_set', phoneNumber: phone.phoneNumber },
      effect: { do: 'delay', ms: drawn.slowMs, moment: 'after_apply' },
      times: Number.POSITIVE_INFINITY,
    });
  const before = settingsOf(phone);
  const from = service.simulator.journal(phone.phoneNumber).length;
  const held = await Promise.all(
    drawn.holders.map(async (holder): Promise<Held> => {
      const { wishes, isOfInstance, endsAfterMs, how } = holder;
      const covers = isOfInstance ? { kind: Kind.INSTANCE, instance } : { kind: Kind.ACCOUNT };
      const { token, secret } = await service.client.call(Tokens.createToken, {
        ...covers,
        access: Access.READ_WRITE,
      });
      const id = token?.id ?? '';
      const ending = async () => {
        if (endsAfterMs === undefined) return undefined;
        await wait(endsAfterMs);
        if (how === 'revoked') await service.client.call(Tokens.revokeToken, { tokenId: id });
        else await service.client.call(Tokens.rotateToken, { tokenId: id });
        return Date.now();
      };
      const order = { instance, wishes, onFailure: OnFailure.CONTINUE, requestId: '' };
      const [answer, endTime] = await Promise.all([
        update(service.client, order, { deadlineMs: 30_000, metadata: bearer(secret) }),
        ending(),
      ]);
      return { ...holder, answer, endTime };
    }),
  );
  await blocking.ended;
  const events = service.simulator.journal(phone.phoneNumber).slice(from);
  for (const { fault, remove } of service.simulator.faults())
    if (fault.match.phoneNumber === phone.phoneNumber) remove();
  await recover(service, desk);
  const faults = revocationFaults(held, before, events);
  return faults.length > 0 ? `${faults.join('; ')}\n    ${inWords({ drawn, held })}` : undefined;
}

test(`a change that waits for its turn ends with its token, and nothing of it is sent (${SEED_IN_WORDS})`, async () => {
  expect(await findingsOf(desks, seedsFor(EVERY), findingOf)).toEqual([]);
});
