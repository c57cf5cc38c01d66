import { z } from 'zod';
import type { BinaryNode } from '../wire/stanza.js';
import type { NewAccount } from '../world/accounts.js';
import { type Behaviour, SIGNS } from '../world/behaviour.js';
import type { NewPerson } from '../world/directory.js';
import type { Effect, Fault, FaultMatch } from '../world/faults.js';
import type { StanzaQuery } from '../world/stanza-log.js';

/** `true` when the schema takes all that the type allows, else what it does not. */
type Takes<Schema extends z.ZodType, Type> = [Exclude<Type, z.output<Schema>>] extends [never]
  ? true
  : Exclude<Type, z.output<Schema>>;

const text = z.string().exactOptional();
const whole = z.int().nonnegative().exactOptional();
const applied = z.boolean().exactOptional();
const moment = z.enum(['before_apply', 'after_apply', 'after_reply']).exactOptional();

/** A stanza as JSON; text content is sent as its UTF-8 bytes. */
export const stanzaSchema: z.ZodType<BinaryNode> = z.strictObject({
  tag: z.string().min(1),
  attrs: z.record(z.string(), z.string()).default({}),
  get content() {
    return z
      .union([z.array(stanzaSchema), z.string().transform(value => Buffer.from(value))])
      .exactOptional();
  },
});

const effectSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('refuse'), code: whole, text, applied }),
  z.strictObject({ do: z.literal('refuse_category'), code: z.int(), text, category: text, applied }),
  z.strictObject({
    do: z.literal('lie'),
    lie: z.enum([
      'confirm',
      'wrong_name',
      'other_value',
      'unknown_value',
      'two_categories',
      'empty',
      'no_privacy',
      'text',
    ]),
    applied,
  }),
  z.strictObject({
    do: z.enum([
      'silence',
      'close',
      'reset',
      'half_open',
      'undecodable',
      'undecryptable',
      'bomb',
      'overlong',
    ]),
    moment,
  }),
  z.strictObject({ do: z.literal('reply'), stanza: stanzaSchema, applied }),
  z.strictObject({
    do: z.literal('send'),
    stanza: stanzaSchema,
    next: z.enum(['go_on', 'stop', 'close']).exactOptional(),
    moment,
  }),
  z.strictObject({
    do: z.literal('phone'),
    settings: z.record(z.string(), z.string()).exactOptional(),
    contacts: z.record(z.string(), z.array(z.string()).readonly()).exactOptional(),
    moment,
  }),
  z.strictObject({ do: z.literal('delay'), ms: z.int().nonnegative(), moment }),
  z.strictObject({ do: z.literal('late'), ms: z.int().nonnegative(), code: whole }),
  z.strictObject({ do: z.literal('stream_error'), code: whole, conflict: text, moment }),
  z.strictObject({ do: z.literal('failure'), reason: whole, code: whole, expire: whole }),
  z.strictObject({ do: z.literal('http'), status: z.int().min(400).max(599) }),
  z.strictObject({ do: z.literal('two_in_one') }),
]) satisfies z.ZodType<Effect>;
true satisfies Takes<typeof effectSchema, Effect>;

const matchSchema = z.strictObject({
  on: z.enum([
    'upgrade',
    'hello',
    'registration',
    'login',
    'iq',
    'privacy_get',
    'list_get',
    'privacy_set',
    'ping',
  ]),
  category: text,
  xmlns: text,
  type: z.enum(['get', 'set']).exactOptional(),
  child: text,
  phoneNumber: text,
}) satisfies z.ZodType<FaultMatch>;
true satisfies Takes<typeof matchSchema, FaultMatch>;

/** A fault as JSON; `times` may be `"always"`, as JSON has no infinity. */
export const faultSchema = z.strictObject({
  match: matchSchema,
  effect: effectSchema,
  times: z
    .union([z.int().positive(), z.literal('always').transform(() => Number.POSITIVE_INFINITY)])
    .exactOptional(),
  after: whole,
}) satisfies z.ZodType<Fault>;

export const newAccountSchema = z.strictObject({
  phoneNumber: z.string(),
  lid: text,
  name: text,
  settings: z.record(z.string(), z.string()).exactOptional(),
  categories: z.array(z.string()).readonly().exactOptional(),
  lists: z.record(z.string(), z.array(z.string()).readonly()).exactOptional(),
  addressing: z.enum(['lid', 'pn', 'either']).exactOptional(),
  passkey: z
    .union([z.boolean(), z.strictObject({ id: z.base64url(), publicKey: z.base64url() })])
    .exactOptional(),
  inactivityDays: z.number().positive().exactOptional(),
}) satisfies z.ZodType<NewAccount>;
true satisfies Takes<typeof newAccountSchema, NewAccount>;

export const newPersonSchema = z.strictObject({
  phoneNumber: z.string(),
  lid: z.string().nullable().exactOptional(),
}) satisfies z.ZodType<NewPerson>;

export const stanzaQuerySchema = z.strictObject({
  phoneNumber: text,
  device: z.coerce.number().int().exactOptional(),
  tag: text,
  xmlns: text,
  type: text,
  category: text,
}) satisfies z.ZodType<StanzaQuery>;

const behaviour = {
  latencyMs: z.number().nonnegative(),
  certificate: z.enum(['honest', 'other_root', 'changed_leaf', 'changed_intermediate']),
  pairSuccess: z.enum(['honest', 'wrong_account_signature', 'wrong_hmac', 'old_secret']),
  passkeyRequest: z.enum(['whole', 'garbled', 'without_options']),
  passkeyTimeoutMs: z.int().nonnegative(),
  passkeyContinuation: z.enum(['once', 'twice', 'never', 'short']),
  passkeyHello: z.enum(['usual', 'without_keys']),
  refresh: z.enum(['on_first_scan', 'on_connect', 'never']),
  refreshChild: z.enum(['companion_reg_refresh', 'pair-device-rotate-qr']),
  refreshAck: z.enum(['awaited', 'not_awaited']),
  restart: z.enum(['client_closes', 'server_closes']),
  platformDisplay: z.enum(['checked', 'refused', 'any']),
  echoOwnSets: z.boolean(),
  push: z.enum(['categories', 'bare', 'none']),
  severalCategories: z.enum(['apply', 'refuse']),
  invalidSet: z.enum(['refuse', 'refuse_category']),
  unreportedSet: z.enum(['apply', 'refuse_category']),
  lockedSet: z.enum(['apply', 'refuse', 'refuse_category']),
  staleList: z.enum(['refuse', 'refuse_category']),
  unknownContact: z.enum(['refuse', 'refuse_category', 'ignore']),
  listAway: z.enum(['kept', 'cleared']),
  plainList: z.enum(['kept', 'emptied']),
  plainListStamp: z.enum(['told', 'untold']),
  listReply: z.enum(['honest', 'pn', 'without_lid', 'without_pn', 'without_stamp', 'stamp_none', 'twice']),
  cutOff: z.enum(['applied', 'dropped']),
  preKeys: z.enum(['asked', 'not_asked']),
  offlineBatch: z.enum(['awaited', 'not_awaited', 'withheld']),
  unaskedMs: z.int().nonnegative(),
  refusedStory: z.enum(['stops', 'settled']),
  ownMessageAck: z.enum(['ignored', 'settled']),
  owedEndsStreamMs: z.int().positive(),
  compression: z.enum(['now_and_then', 'always', 'never']),
  inactivityDays: z.number().positive(),
  activity: z.enum(SIGNS),
  edgeRouting: z.boolean(),
  minRevision: z.int().nonnegative(),
  minLinkRevision: z.int().nonnegative(),
  refuseClients: z.boolean(),
  clientExpiration: z.union([z.int().nonnegative(), z.enum(['withdrawn', 'untold'])]),
} satisfies { [Name in keyof Behaviour]: z.ZodType<Behaviour[Name]> };

/** Some of the switches. */
export const behaviourSchema = z.strictObject(behaviour).partial();
true satisfies Takes<typeof behaviourSchema, Behaviour>;
