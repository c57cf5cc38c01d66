import fc from 'fast-check';
import type { Behaviour, Effect } from '../../../src/simulator/index.js';

const eitherOf = <const Values extends readonly unknown[]>(...values: Values): fc.Arbitrary<Values[number]> =>
  fc.constantFrom(...values);

const OF_LINKING = 'before an account is linked';
const OF_CLIENT = 'about every client of this WhatsApp, and for good';
const OF_MESSAGES = 'about what else is in the queue; `whatsapp/session/offline-queue` is about that';
const NEVER_ASKED = 'the service sends nothing that this is about';

/** How each switch of the simulator is drawn, or why it is not. A new one does not compile until it stands here. */
const SWITCHES: { readonly [Name in keyof Behaviour]: fc.Arbitrary<Behaviour[Name]> | string } = {
  latencyMs: eitherOf(0, 0, 10, 40),
  echoOwnSets: fc.boolean(),
  push: eitherOf('categories', 'bare'),
  cutOff: eitherOf('applied', 'dropped'),
  listAway: eitherOf('kept', 'cleared'),
  plainList: eitherOf('kept', 'emptied'),
  plainListStamp: eitherOf('told', 'untold'),
  listReply: eitherOf(
    'honest',
    'honest',
    'pn',
    'without_lid',
    'without_pn',
    'twice',
    'without_stamp',
    'stamp_none',
  ),
  staleList: eitherOf('refuse', 'refuse_category'),
  offlineBatch: eitherOf('awaited', 'not_awaited'),
  edgeRouting: fc.boolean(),
  compression: eitherOf('now_and_then', 'always', 'never'),
  certificate: OF_LINKING,
  pairSuccess: OF_LINKING,
  refresh: OF_LINKING,
  refreshChild: OF_LINKING,
  refreshAck: OF_LINKING,
  platformDisplay: OF_LINKING,
  passkeyRequest: OF_LINKING,
  passkeyTimeoutMs: OF_LINKING,
  passkeyContinuation: OF_LINKING,
  passkeyHello: OF_LINKING,
  restart: OF_LINKING,
  minLinkRevision: OF_LINKING,
  preKeys: OF_LINKING,
  refusedStory: OF_MESSAGES,
  ownMessageAck: OF_MESSAGES,
  owedEndsStreamMs: OF_MESSAGES,
  unaskedMs: 'about clients that ask for no batch; the service does',
  minRevision: OF_CLIENT,
  refuseClients: OF_CLIENT,
  clientExpiration: OF_CLIENT,
  inactivityDays: OF_CLIENT,
  activity: OF_CLIENT,
  severalCategories: NEVER_ASKED,
  invalidSet: NEVER_ASKED,
  unreportedSet: NEVER_ASKED,
  lockedSet: NEVER_ASKED,
  unknownContact: NEVER_ASKED,
};

const drawn = fc.record(
  Object.fromEntries(
    Object.entries(SWITCHES).filter(
      (entry): entry is [string, fc.Arbitrary<never>] => typeof entry[1] !== 'string',
    ),
  ),
);

/** How WhatsApp is with everybody for a while. */
export const behaviourOf = (seed: number): Partial<Behaviour> =>
  fc.sample(drawn, { seed, numRuns: 1, unbiased: true })[0] ?? {};

/** The effects that no plan draws, each with the reason. A new one must be drawn, or stand here. */
export const EFFECTS_NOT_DRAWN: { readonly [Name in Effect['do']]?: string } = {
  reply: 'a reply that is not one of a server: `lie` draws those',
  send: 'stanzas that nobody asked for say nothing of settings',
  bomb: 'its subject is memory, and the end of the connection is drawn',
  overlong: 'its subject is memory, and the end of the connection is drawn',
};
/** All that there are. */
export const EFFECTS = Object.keys({
  refuse: 0,
  refuse_category: 0,
  lie: 0,
  reply: 0,
  silence: 0,
  close: 0,
  reset: 0,
  half_open: 0,
  undecodable: 0,
  undecryptable: 0,
  bomb: 0,
  overlong: 0,
  phone: 0,
  delay: 0,
  late: 0,
  stream_error: 0,
  send: 0,
  failure: 0,
  http: 0,
  two_in_one: 0,
} satisfies Record<Effect['do'], 0>);
