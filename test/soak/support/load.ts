import { setTimeout as wait } from 'node:timers/promises';
import { status } from '@grpc/grpc-js';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Effect, FaultMatch } from '../../../src/simulator/index.js';
import { CallError, type Caller, caller } from '../../support/call.js';
import * as calls from './calls.js';
import { pick, type Stage } from './calls.js';

/** What WhatsApp does to a stanza now and then; nothing that stops the whole node or ends a link. */
const EFFECTS: readonly Effect[] = [
  { do: 'silence', moment: 'after_apply' },
  { do: 'refuse', code: 403 },
  { do: 'refuse_category', code: 409 },
  { do: 'refuse_category', code: 500, applied: true },
  { do: 'delay', ms: 500, moment: 'before_apply' },
  { do: 'lie', lie: 'empty', applied: true },
  { do: 'stream_error', code: 515, moment: 'after_apply' },
  { do: 'close', moment: 'before_apply' },
  { do: 'reset', moment: 'after_apply' },
  { do: 'undecryptable', moment: 'after_reply' },
];
const ON: readonly FaultMatch['on'][] = ['privacy_set', 'privacy_get', 'list_get'];

/** The kinds of load: how many do it side by side, and how long each pauses in between. */
const KINDS: readonly [atOnce: number, pauseMs: number, act: (stage: Stage, client: Caller) => unknown][] = [
  [8, 100, calls.read],
  [6, 300, calls.update],
  [2, 500, calls.updateList],
  [1, 3000, calls.apply],
  [6, 200, calls.watch],
  [4, 500, calls.watchUnread],
  [4, 300, calls.callOnce],
  [2, 300, calls.refused],
  [1, 3000, calls.guess],
  [1, 2000, calls.linkAndLeave],
  [1, 10_000, calls.makeAndDelete],
  [1, 300, ({ desks }) => pick(desks).phone.setPrivacy(pick(['last', 'profile']), pick(['all', 'none']))],
  [1, 1000, ({ desks }) => pick(desks).phone.dropConnections(pick(['close', 'reset']))],
  [1, 3000, ({ desks }) => pick(desks).phone.streamError(pick([500, 503, 515]))],
  [1, 300, ({ desks }, { call }) => call(Instances.reconnectInstance, { instance: pick(desks).instance })],
  [1, 300, ({ simulator }) => simulator.inject({ match: { on: pick(ON) }, effect: pick(EFFECTS) })],
];

/** How often something was done, and how often a call of it failed. */
export type Done = { acts: number; failures: number };

/** Puts the load on. Calls may fail, but never by a fault of the service. */
export function load(stage: Stage): { readonly done: Done; readonly stop: () => Promise<void> } {
  const client = caller(stage.address, stage.token);
  const done: Done = { acts: 0, failures: 0 };
  const faults: unknown[] = [];
  let isOver = false;
  const repeat = async (pauseMs: number, act: (stage: Stage, client: Caller) => unknown) => {
    while (!isOver) {
      try {
        await act(stage, client);
      } catch (error) {
        done.failures++;
        if (!(error instanceof CallError) || error.code === status.INTERNAL) faults.push(error);
      }
      done.acts++;
      stage.simulator.clearStanzas();
      await wait(pauseMs * (0.5 + Math.random()));
    }
  };
  const running = KINDS.flatMap(([atOnce, pauseMs, act]) =>
    Array.from({ length: atOnce }, () => repeat(pauseMs, act)),
  );
  return {
    done,
    async stop() {
      isOver = true;
      await Promise.all(running);
      client.close();
      stage.simulator.clearFaults();
      if (faults.length > 0) throw new AggregateError(faults, `${faults.length} calls met a fault`);
    },
  };
}
