import type { Problem, Violation } from '../../domain/errors.js';
import { QUOTED, truncate } from '../messages/truncate.js';
import { metadataKeysOf, settingsOf } from './problems.js';

type Told = { readonly [key: string]: string | undefined };

/** The metadata of ErrorInfo: what the row of the problem names, and nothing else. */
export function metadataOf(problem: Problem): Record<string, string> {
  const entries = metadataKeysOf(problem).flatMap(key => Object.entries(toldBy(key, problem)));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Several settings or violations are told by the first. */
function toldBy(key: ReturnType<typeof metadataKeysOf>[number], problem: Problem): Told {
  switch (key) {
    case 'setting':
    case 'settings':
      return { setting: settingsOf(problem)[0]?.toUpperCase() };
    case 'violations':
      return 'violations' in problem ? toldByViolation(problem.violations[0]) : {};
    default: {
      const value = (problem as { readonly [Key in typeof key]?: string | number | Date })[key];
      return { [snakeCase(key)]: quoted(value) };
    }
  }
}

const toldByViolation = (first: Violation | undefined): Told =>
  first?.reason === 'READ_ONLY' && first.setting
    ? { setting: first.setting.toUpperCase() }
    : {
        field: first?.field || undefined,
        value: quoted(first?.value),
        valid_values: first?.validValues,
        valid_enum_values: first?.validEnumValues,
      };

const snakeCase = (key: string) => key.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);

function quoted(value: string | number | Date | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = value instanceof Date ? value.toISOString().replace(/\.\d+Z$/, 'Z') : String(value);
  return truncate(text, QUOTED);
}
