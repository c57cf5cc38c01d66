/** The names of an enum of the contract, but for its zero value. */
export type NamesOf<Enum> = Exclude<keyof Enum, 'UNSPECIFIED'> & string;

/** The names that only one of two unions has. */
export type Difference<A, B> = Exclude<A, B> | Exclude<B, A>;
/** `true` for no names at all, else the names, so that the compiler shows them. */
export type None<Names> = [Names] extends [never] ? true : Names;
export type Same<A, B> = None<Difference<A, B>>;

/** The names of an enum in the order of their numbers, without UNSPECIFIED. */
export const namesOf = <Enum extends object>(members: Enum): NamesOf<Enum>[] =>
  Object.keys(members).filter(
    (key): key is NamesOf<Enum> => key !== 'UNSPECIFIED' && Number.isNaN(Number(key)),
  );

/** The name of a number; undefined for UNSPECIFIED and for a number newer than this build. */
export const nameOf = <Enum extends object>(members: Enum, number: number): NamesOf<Enum> | undefined =>
  namesOf(members).find(name => members[name] === number);
