import { randomInt } from 'node:crypto';

/** Someone on WhatsApp, with a phone of this simulator or without. */
export type Person = {
  /** Digits only. */
  readonly phoneNumber: string;
  /** The user part of the LID; undefined for someone who has none yet. */
  readonly lid: string | undefined;
};

/** What a test or a user may say about someone. */
export type NewPerson = {
  /** E.164, with or without the plus. */
  readonly phoneNumber: string;
  /** Made up when not said; null for someone who has none yet. */
  readonly lid?: string | null;
};

/** Everyone on WhatsApp. */
export type Directory = {
  readonly all: () => Person[];
  /** Adds someone, or gives the one with that number another LID when one is said. */
  readonly add: (person: NewPerson) => Person;
  readonly byPhoneNumber: (digits: string) => Person | undefined;
  readonly byLid: (lid: string) => Person | undefined;
};

/** A LID nobody has. */
export const newLid = (): string => `${randomInt(1e14, 2e14)}`;

/** Digits of a phone number. */
export function digitsOf(phoneNumber: string): string {
  const digits = phoneNumber.replace(/^\+/, '');
  if (!/^\d{5,15}$/.test(digits)) throw new Error('phoneNumber must be 5 to 15 digits');
  return digits;
}

export function directory(known: readonly Person[] = []): Directory {
  const byPhoneNumber = new Map<string, Person>();
  const byLid = new Map<string, Person>();
  const keep = (person: Person) => {
    const before = byPhoneNumber.get(person.phoneNumber)?.lid;
    if (before !== undefined) byLid.delete(before);
    byPhoneNumber.set(person.phoneNumber, person);
    if (person.lid !== undefined) byLid.set(person.lid, person);
    return person;
  };
  for (const person of known) keep(person);
  return {
    all: () => [...byPhoneNumber.values()],
    add({ phoneNumber, lid }) {
      const digits = digitsOf(phoneNumber);
      const before = byPhoneNumber.get(digits);
      if (before && lid === undefined) return before;
      return keep({ phoneNumber: digits, lid: lid === null ? undefined : (lid ?? newLid()) });
    },
    byPhoneNumber: digits => byPhoneNumber.get(digits),
    byLid: lid => byLid.get(lid),
  };
}
