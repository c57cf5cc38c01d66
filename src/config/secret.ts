import { inspect } from 'node:util';

/** A value that shows as `[secret]` wherever it is printed, logged or serialised. */
export type Secret<T> = {
  reveal(): T;
  toJSON(): string;
  toString(): string;
  [inspect.custom](): string;
};

/** Wraps a value; only `reveal` gives it back. */
export function secret<T>(value: T): Secret<T> {
  const hidden = () => '[secret]';
  return Object.freeze({ reveal: () => value, toJSON: hidden, toString: hidden, [inspect.custom]: hidden });
}
