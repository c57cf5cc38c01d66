import { randomUUID } from 'node:crypto';
import { expect, test } from 'vitest';
import { SettingOutcome_State as State } from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import {
  PrivacyServiceService as Privacy,
  type UpdatePrivacySettingsRequest,
  type UpdatePrivacySettingsResponse,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import {
  CallAddPermission,
  GroupAddPermission,
  LastSeenVisibility,
  PrivacySetting,
  ProfileVisibility,
  ReadReceiptsMode,
} from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
import type { Caller } from '../support/call.js';
import { expectOneIdentity, expectUsable, INSTANCE } from './support/checks.js';
import { killAtPoints, TIMEOUT_MS } from './support/kill.js';
import { createLinked } from './support/link.js';
import { openScene } from './support/scene.js';

/** Two sets of values; going from either to the other widens the audiences of half and narrows those of the rest. */
const SIDES = [
  {
    request: {
      visibility: { lastSeen: LastSeenVisibility.NONE, profile: ProfileVisibility.CONTACTS },
      privacy: { readReceipts: ReadReceiptsMode.ALL },
      permissions: { callAdd: CallAddPermission.ALL, groupAdd: GroupAddPermission.ALL },
    },
    narrow: { last: 'none', profile: 'contacts' },
    wide: { readreceipts: 'all', calladd: 'all', groupadd: 'all' },
  },
  {
    request: {
      visibility: { lastSeen: LastSeenVisibility.ALL, profile: ProfileVisibility.ALL },
      privacy: { readReceipts: ReadReceiptsMode.NONE },
      permissions: { callAdd: CallAddPermission.KNOWN, groupAdd: GroupAddPermission.CONTACTS },
    },
    narrow: { readreceipts: 'none', calladd: 'known', groupadd: 'contacts' },
    wide: { last: 'all', profile: 'all' },
  },
] as const;

type Update = { request: Partial<UpdatePrivacySettingsRequest>; side: (typeof SIDES)[number] };

test('a service killed while it updates keeps what it has answered, and widens nothing early', {
  timeout: TIMEOUT_MS,
}, async () => {
  await using scene = await openScene();
  const answers = new Map<string, UpdatePrivacySettingsResponse>();
  let turn = 0;
  let last: Update | undefined;

  const update = async (client: Caller, { request }: Update) => {
    const answer = await client.call(Privacy.updatePrivacySettings, request);
    const earlier = answers.get(request.requestId ?? '');
    if (earlier) expect(answer).toEqual(earlier);
    answers.set(request.requestId ?? '', answer);
    return answer;
  };
  const isApplied = (values: Record<string, string>) =>
    Object.entries(values).map(([category, value]) => scene.phone.settings()[category] === value);

  await killAtPoints(scene, 0.18, {
    async prepare(client) {
      if (turn === 0) await createLinked(scene, client);
      await expectUsable(scene, client);
      if (last) {
        // As a caller does who got no answer, or lost it.
        const setsBefore = scene.simulator.sets(scene.phone.phoneNumber).length;
        const isAnswered = answers.has(last.request.requestId ?? '');
        await update(client, last);
        expect(scene.phone.settings()).toMatchObject({ ...last.side.narrow, ...last.side.wide });
        if (isAnswered) expect(scene.simulator.sets(scene.phone.phoneNumber)).toHaveLength(setsBefore);
      }
      const side = SIDES[turn++ % 2] as Update['side'];
      last = { side, request: { instance: INSTANCE, requestId: randomUUID(), ...side.request } };
    },
    act: client => update(client, last as Update),
    async check(answer) {
      expect(await expectOneIdentity(scene)).toBe('linked');
      const { narrow, wide } = (last as Update).side;
      if (isApplied(wide).includes(true)) expect(isApplied(narrow)).not.toContain(false);
      if (answer) expect([...isApplied(narrow), ...isApplied(wide)]).not.toContain(false);

      const { changes } = await scene.stored(INSTANCE);
      const recorded = Map.groupBy(changes, ({ requestId }) => requestId);
      for (const [requestId, { outcomes }] of answers) {
        const applied = outcomes.filter(({ state }) => state === State.APPLIED);
        const settings = recorded
          .get(requestId)
          ?.flatMap(({ change }) => (change?.outcome === 'APPLIED' ? [change] : []));
        expect((settings ?? []).map(({ setting }) => setting.toUpperCase()).sort()).toEqual(
          applied.map(({ setting }) => PrivacySetting[setting]).sort(),
        );
      }
    },
  });
});
