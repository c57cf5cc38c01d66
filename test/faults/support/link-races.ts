import fc from 'fast-check';
import { Instance_State as State } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { one } from './hustles.js';

/** What is done with one instance, by its callers or on its phone. */
export const DEEDS = ['link', 'leave', 'unlink', 'delete', 'create', 'reconnect', 'remove on phone'] as const;
export type Deed = (typeof DEEDS)[number];

/** What happens to an instance, mostly at once. */
export type LinkRace = {
  readonly isLinked: boolean;
  readonly deeds: readonly { readonly at: number; readonly deed: Deed }[];
};

const race: fc.Arbitrary<LinkRace> = fc.record({
  isLinked: fc.boolean(),
  deeds: fc.array(
    fc.record({
      at: fc.oneof(fc.nat(300), fc.nat(2_000)),
      deed: fc.constantFrom<Deed[]>(...DEEDS, 'link', 'link', 'unlink', 'delete'),
    }),
    { minLength: 2, maxLength: 6 },
  ),
});

export const linkRaceOf = (seed: number): LinkRace => one(race, seed);

/** What is there of an instance, on every side. */
export type Standing = {
  /** Undefined when there is none of that name. */
  readonly state: State | undefined;
  /** The companions that the phone lists, and how many of them are connected. */
  readonly devices: number;
  readonly connected: number;
  /** Whether secrets are stored. */
  readonly hasSecrets: boolean;
};

/** What of this cannot be when nothing is under way any more. */
export function standingFaults({ state, devices, connected, hasSecrets }: Standing): string[] {
  const isLinked = state === State.CONNECTED;
  const isOver = state === undefined || state === State.UNLINKED || state === State.LOGGED_OUT;
  const name = state === undefined ? 'deleted' : State[state];
  return [
    ...(isLinked || isOver ? [] : [`it stays ${name}`]),
    ...(devices === (isLinked ? 1 : 0) ? [] : [`it is ${name}, and the phone lists ${devices} devices`]),
    ...(connected === (isLinked ? 1 : 0) ? [] : [`it is ${name} with ${connected} connections`]),
    ...(hasSecrets === isLinked || state === State.LOGGED_OUT
      ? []
      : [`it is ${name}, secrets: ${hasSecrets}`]),
  ];
}
