import { InvalidArgumentError } from 'commander';

/** The id of an entry of the history, or 0. */
export function parseId(text: string): bigint {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError('Must be the id of an entry, or 0.');
  return BigInt(text);
}
