import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import {
  PrivacyServiceService as Privacy,
  GetApplyResultResponse_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { LastSeenVisibility } from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import { startService } from '../support/service.js';

test('a detached update of many goes on without its caller, and a restarted service still tells its results', async () => {
  await using service = await startService();
  const { instance, phone } = await service.linked();
  await service.client.call(Instances.createInstance, { name: 'unlinked' });
  const slow = service.simulator.inject({
    match: { on: 'privacy_set', category: 'last' },
    effect: { do: 'delay', ms: 1000 },
  });
  const requestId = randomUUID();
  const result = () => service.client.call(Privacy.getApplyResult, { requestId });

  const gone = new AbortController();
  const call = service.client.stream(
    Privacy.applyPrivacySettings,
    {
      instances: [instance, 'unlinked'],
      visibility: { lastSeen: LastSeenVisibility.NONE },
      requestId,
      detached: true,
    },
    { signal: gone.signal },
  );
  expect((await call.next()).value?.instance).toBe('unlinked');
  await expect.poll(slow.hits).toBe(1);
  gone.abort();
  await call.next().catch(() => undefined);

  await expect.poll(async () => (await result()).state, { timeout: 20_000 }).toBe(State.ENDED);
  expect(phone.settings()['last']).toBe('none');
  const before = await result();
  expect(before).toMatchObject({ totalCount: 2, succeededCount: 1, failedCount: 1 });
  expect(before.results.map(({ result: one }) => one?.$case)).toEqual(['success', 'error']);

  await service.stop();
  await service.start();
  expect(await result()).toEqual(before);

  await service.client.call(Instances.unlinkInstance, { instance });
  expect((await result()).results.map(({ instance: left }) => left)).toEqual(['unlinked']);
});
