import { setTimeout as wait } from 'node:timers/promises';
import {
  PrivacyServiceService as Privacy,
  type PrivacyChange,
} from '../../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { CATEGORIES, settingsOf, type Values, valuesOf } from '../../../faults/support/settings.js';
import { CallError, type Caller } from '../../../support/call.js';
import type { Desk } from '../support/desk.js';

/** Who follows all accounts and the history, and comes back with its cursor whenever it is cut off. */
export type Consumer = {
  /** Ids of the history as they were told. */
  readonly ids: readonly bigint[];
  /** The settings of each instance as they were told last; undefined when it was told since that there are none. */
  readonly told: ReadonlyMap<string, Values | undefined>;
  /** How often it came back. */
  returns(): number;
  readonly ended: Promise<void>;
};

const AGAIN_MS = 200;
/** A stream that is silent for longer, heartbeats included, has lost its server. */
const SILENCE_MS = 15_000;

/** Follows until `over`. */
export function consume(client: Caller, over: AbortSignal): Consumer {
  const ids: bigint[] = [];
  const told = new Map<string, Values | undefined>();
  let returns = -1;

  async function follow(): Promise<void> {
    const silent = new AbortController();
    const signal = AbortSignal.any([over, silent.signal]);
    const hush = () => setTimeout(() => silent.abort(), SILENCE_MS);
    let timer = hush();
    try {
      const request = { startAfter: ids.at(-1) ?? 0n, heartbeatInterval: { seconds: 5n, nanos: 0 } };
      for await (const { instance, event } of client.stream(Privacy.watchPrivacySettings, request, {
        signal,
      })) {
        clearTimeout(timer);
        timer = hush();
        if (event?.$case === 'recorded') ids.push(event.value.id);
        if (event?.$case === 'snapshot') told.set(instance, valuesOf(event.value));
        if (event?.$case === 'change' && event.value.settings)
          told.set(instance, valuesOf(event.value.settings));
        if (event?.$case === 'unavailable') told.set(instance, undefined);
      }
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function keepFollowing(): Promise<void> {
    while (!over.aborted) {
      returns++;
      told.clear();
      await follow();
      await wait(AGAIN_MS);
    }
  }
  return { ids, told, returns: () => returns, ended: keepFollowing() };
}

/** The instances of which a consumer does not know the newest settings. */
export const untoldOf = ({ told }: Consumer, desks: readonly Desk[]): string[] =>
  desks
    .filter(({ instance, phone }) => {
      const [known, now] = [told.get(instance), settingsOf(phone)];
      return CATEGORIES.some(name => known?.[name] !== now[name]);
    })
    .map(({ instance }) => instance);

/** The whole history, from its beginning. */
export async function wholeHistory(client: Caller): Promise<readonly PrivacyChange[]> {
  const all: PrivacyChange[] = [];
  for (let pageToken = ''; ; ) {
    const page = await client.call(Privacy.listPrivacyChanges, { startAfter: 0n, pageSize: 200, pageToken });
    all.push(...page.changes);
    pageToken = page.nextPageToken;
    if (pageToken === '') return all;
  }
}
