import { PRESETS, type Preset } from '../domain/settings/presets.js';
import type { Setting } from '../domain/settings/settings-table.js';
import { readAssignments } from './assignments.js';
import { CLIENT_OPTIONS } from './client-options.js';
import { didYouMean } from './did-you-mean.js';
import { UsageError } from './usage-error.js';

/** The table of the configuration file that holds presets, one table for each. */
export const PRESETS_TABLE = 'presets';

type Values = ReadonlyMap<Setting, string>;

/** The values of a preset, as an assignment would name it. */
const PRESET = /^preset=(.*)$/s;

const BUILT_IN = new Map(
  Object.entries<Preset>(PRESETS).map(([name, { values }]): [string, Values] => [
    name,
    new Map(Object.entries(values) as [Setting, string][]),
  ]),
);

/** The presets of a configuration file, and everything that is wrong with them; `nameOf` names a key for messages. */
export function readPresets(
  table: unknown,
  nameOf: (key: string) => string,
): { presets: ReadonlyMap<string, Values>; mistakes: string[] } {
  const presets = new Map<string, Values>();
  if (table === undefined) return { presets, mistakes: [] };
  if (!isTable(table)) return { presets, mistakes: [`${nameOf(PRESETS_TABLE)}: must be a table of tables`] };
  const mistakes = Object.entries(table).flatMap(([name, preset]) => {
    const source = nameOf(`${PRESETS_TABLE}.${name}`);
    if (!isTable(preset)) return [`${source}: must be a table`];
    if (BUILT_IN.has(name)) return [`${source}: this preset is built in; choose another name`];
    const texts = Object.entries(preset).map(([setting, value]) => `${setting}=${String(value)}`);
    const { values, mistakes } = readAssignments(texts);
    presets.set(name, values);
    return (texts.length > 0 ? mistakes : ['has no setting']).map(mistake => `${source}: ${mistake}`);
  });
  return { presets, mistakes };
}

/**
 * The values asked for by `last_seen=none` and `preset=NAME`. Later presets win over earlier ones, and what is named by
 * itself over all; a UsageError names everything that is wrong.
 *
 * @param file Of presets; read only when one is asked for that is not built in.
 */
export async function wantedValues(texts: readonly string[], file: string | undefined): Promise<Values> {
  const names = texts.flatMap(text => PRESET.exec(text)?.[1] ?? []);
  const { values, mistakes } = readAssignments(texts.filter(text => !PRESET.test(text)));
  const known = names.every(name => BUILT_IN.has(name))
    ? BUILT_IN
    : new Map([...BUILT_IN, ...(await presetsOf(file, mistakes))]);
  for (const name of names.filter(name => !known.has(name))) {
    const all = [...known.keys()];
    mistakes.push(`preset=${name}: no such preset${didYouMean(name, all)} (one of ${all.join(', ')})`);
  }
  if (texts.length === 0) mistakes.push('give at least one SETTING=VALUE, or a preset');
  if (mistakes.length > 0) throw new UsageError(mistakes);
  return new Map([...names.flatMap(name => [...(known.get(name) ?? [])]), ...values]);
}

async function presetsOf(file: string | undefined, mistakes: string[]): Promise<ReadonlyMap<string, Values>> {
  const { flag, variable } = CLIENT_OPTIONS.config;
  const path = file ?? process.env[variable];
  if (!path) return new Map();
  const { readToml } = await import('./toml-file.js');
  const source = file === undefined ? variable : (flag.split(' ')[0] ?? '');
  const table = readToml(path, source, mistakes)[PRESETS_TABLE];
  const { presets, mistakes: wrong } = readPresets(table, key => `${key} in ${path}`);
  mistakes.push(...wrong);
  return presets;
}

/** The presets that are built in, for help. */
export const presetHelp = (): string =>
  Object.entries<Preset>(PRESETS)
    .map(([name, { values, meaning }]) => {
      const assignments = Object.entries(values).map(([setting, value]) => `${setting}=${value}`);
      return `  preset=${name}\n      ${meaning}: ${assignments.join(' ')}`;
    })
    .join('\n');

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
