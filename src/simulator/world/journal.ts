import { wallMs } from '../../domain/time/wall-time.js';
import { attr, type BinaryNode } from '../wire/stanza.js';

/** What happened to the privacy of an account, as the server saw it. */
export type PrivacyEvent =
  /** An IQ arrived; whether it takes effect is another event. */
  | { readonly event: 'asked'; readonly time: number; readonly connection: number; readonly iq: BinaryNode }
  /** A value changed; device 0 is the phone. */
  | {
      readonly event: 'changed';
      readonly time: number;
      readonly category: string;
      readonly value: string;
      readonly device: number;
      /** Whom its list excepts then, where it has one. */
      readonly contacts?: readonly string[];
    }
  /** A reply left, as it left: whether it arrived only the client knows. */
  | {
      readonly event: 'answered';
      readonly time: number;
      readonly connection: number;
      readonly reply: BinaryNode;
    };

type Happening = PrivacyEvent extends infer Event
  ? Event extends unknown
    ? Omit<Event, 'time'>
    : never
  : never;

/** The events of each account in the order in which they happened, which times of one millisecond do not tell. */
export type Journal = {
  readonly note: (phoneNumber: string, happening: Happening) => void;
  readonly of: (phoneNumber: string) => readonly PrivacyEvent[];
};

/** Keeps the last events only, so that a long run does not fill the memory. */
const MAX_EVENTS = 100_000;

export function privacyJournal(): Journal {
  const accounts = new Map<string, PrivacyEvent[]>();
  const eventsOf = (phoneNumber: string) => {
    const known = accounts.get(phoneNumber) ?? [];
    accounts.set(phoneNumber, known);
    return known;
  };
  return {
    note(phoneNumber, happening) {
      const events = eventsOf(phoneNumber);
      events.push({ ...happening, time: wallMs() });
      if (events.length > MAX_EVENTS) events.splice(0, MAX_EVENTS / 10);
    },
    of: eventsOf,
  };
}

/** Whether an IQ reads or changes privacy. */
export const isPrivacy = (iq: BinaryNode): boolean =>
  ['privacy', 'disappearing_mode'].includes(attr(iq, 'xmlns') ?? '');
