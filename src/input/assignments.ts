import { isValueOf, SETTING_NAMES, type Setting, specOf } from '../domain/settings/settings-table.js';
import { didYouMean } from './did-you-mean.js';
import { UsageError } from './usage-error.js';

/** The settings that an update may name. */
const WRITABLE = SETTING_NAMES.filter(name => specOf(name).access === 'read_write');

/** Reads `last_seen=none call_add=known`; throws a UsageError that names everything that is wrong. */
export function parseAssignments(texts: readonly string[]): ReadonlyMap<Setting, string> {
  const { values, mistakes } = readAssignments(texts);
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return values;
}

/** The values that are right, and everything that is wrong. */
export function readAssignments(texts: readonly string[]): {
  values: ReadonlyMap<Setting, string>;
  mistakes: string[];
} {
  const values = new Map<Setting, string>();
  const mistakes: string[] = [];
  for (const text of texts) {
    const [name = '', value] = text.split(/=(.*)/s);
    const setting = SETTING_NAMES.find(known => known === name);
    const mistake = mistakeIn(name, setting, value) ?? (setting && values.has(setting) && 'given twice');
    if (mistake) mistakes.push(`${text}: ${mistake}`);
    else if (setting && value !== undefined) values.set(setting, value);
  }
  return { values, mistakes };
}

function mistakeIn(
  name: string,
  setting: Setting | undefined,
  value: string | undefined,
): string | undefined {
  if (setting === undefined)
    return `no such setting${didYouMean(name, WRITABLE)} (one of ${WRITABLE.join(', ')})`;
  if (specOf(setting).access === 'read_only') return `${setting} cannot be changed through this service`;
  const oneOf = `(one of ${specOf(setting).values.join(', ')})`;
  if (value === undefined) return `write ${setting}=VALUE ${oneOf}`;
  if (!isValueOf(setting, value)) return `no such value${didYouMean(value, specOf(setting).values)} ${oneOf}`;
  return undefined;
}

/** The settings and their values, for help. */
export const assignmentHelp = (): string =>
  WRITABLE.map(name => `  ${name}=${specOf(name).values.join('|')}\n      ${specOf(name).meaning}`).join(
    '\n',
  );
