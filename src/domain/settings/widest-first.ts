/**
 * WhatsApp's words for an audience, from the widest to the narrowest. `known` are all but unknown callers; `match_last_seen`
 * are those who see the last seen, at most everybody.
 */
type Audiences = [
  'all',
  'known',
  'contacts',
  'contact_blacklist',
  'contact_allowlist',
  'match_last_seen',
  'none',
];

/** Seconds until messages disappear: the longer they stay, the more can be seen; `0` is for good. */
type Timers = ['0', '7776000', '604800', '86400'];

/** Strict Account Settings. */
type Modes = ['off', 'on_standard'];

/** Some of the words, in their order. */
type SomeOf<Words> = Words extends readonly [infer Widest, ...infer Narrower]
  ? readonly [Widest, ...SomeOf<Narrower>] | SomeOf<Narrower>
  : readonly [];

/** The values of a setting, the widest audience first: those in another order do not compile. */
export type WidestFirst = SomeOf<Audiences> | SomeOf<Timers> | SomeOf<Modes>;
