import { CLIENT_VARIABLES } from '../input/client-options.js';
import { didYouMean } from '../input/did-you-mean.js';
import { PRESETS_TABLE, readPresets } from '../input/presets.js';
import { readText, readToml } from '../input/toml-file.js';
import {
  CONFIG_FILE,
  flagOf,
  keysOf,
  LATER_OPTIONS,
  OPTION_NAMES,
  type OptionName,
  variableOf,
} from './table.js';

/** Where the configuration comes from. */
export type Sources = {
  /** By flag, `--data-dir`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  readonly env: Readonly<Record<string, string | undefined>>;
};

/** What was given for an option, and where, for messages. */
export type Given = { readonly text: string; readonly source: string };

/** One place options come from: its texts by key, and what it calls a key. */
type Layer = { readonly texts: ReadonlyMap<string, string>; readonly nameOf: (key: string) => string };

const KEYS = OPTION_NAMES.flatMap(keysOf);

/** Kubernetes adds these to every container when the name of a service there starts with wa-privacy. */
const KUBERNETES = /^WA_PRIVACY_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_\w+)?)$/;

/** The text of each option that was given: flags over environment over file. Files of secrets are read here. */
export function gather(sources: Sources): { given: Map<OptionName, Given>; mistakes: string[] } {
  const mistakes: string[] = [];
  const layers = [flagLayer(sources), envLayer(sources, mistakes), fileLayer(sources, mistakes)];
  const given = new Map<OptionName, Given>();
  for (const name of OPTION_NAMES) {
    const layer = layers.find(({ texts }) => keysOf(name).some(key => texts.has(key)));
    const keys = keysOf(name).filter(key => layer?.texts.has(key));
    if (layer === undefined || keys[0] === undefined) continue;
    if (keys.length > 1) mistakes.push(`${keys.map(layer.nameOf).join(' and ')}: set only one of them`);
    const source = layer.nameOf(keys[0]);
    const text = layer.texts.get(keys[0]) ?? '';
    const value = keys[0] === name ? text : readText(text, source, mistakes)?.trim();
    if (value !== undefined) given.set(name, { text: value, source });
  }
  return { given, mistakes };
}

const flagLayer = ({ flags }: Sources): Layer => ({
  texts: present(KEYS.map(key => [key, flags[flagOf(key)]])),
  nameOf: flagOf,
});

function envLayer({ env }: Sources, mistakes: string[]): Layer {
  const known = [...KEYS, CONFIG_FILE.name].map(variableOf).concat(CLIENT_VARIABLES);
  const ours = Object.keys(env).filter(name => name.startsWith(variableOf('')) && !KUBERNETES.test(name));
  reportUnknown(ours, known, LATER_OPTIONS.map(variableOf), mistakes);
  // An empty variable is how container files spell "not set".
  return { texts: present(KEYS.map(key => [key, env[variableOf(key)] || undefined])), nameOf: variableOf };
}

function fileLayer({ flags, env }: Sources, mistakes: string[]): Layer {
  const flag = flags[flagOf(CONFIG_FILE.name)];
  const source = flag === undefined ? variableOf(CONFIG_FILE.name) : flagOf(CONFIG_FILE.name);
  const path = flag ?? (env[source] || undefined);
  const nameOf = (key: string) => `${key} in ${path}`;
  const { [PRESETS_TABLE]: presets, ...table } = path === undefined ? {} : readToml(path, source, mistakes);
  // Commands use them; here they are only checked.
  mistakes.push(...readPresets(presets, nameOf).mistakes);
  const known = KEYS.map(nameOf);
  reportUnknown(Object.keys(table).map(nameOf), known, LATER_OPTIONS.map(nameOf), mistakes);
  const texts = KEYS.map((key): [string, string | undefined] => {
    const value = table[key];
    if (typeof value === 'string') return [key, value];
    if (typeof value === 'number' || typeof value === 'boolean') return [key, String(value)];
    if (value !== undefined) mistakes.push(`${nameOf(key)}: must be text, a number, true or false`);
    return [key, undefined];
  });
  return { texts: present(texts), nameOf };
}

function reportUnknown(
  names: readonly string[],
  known: readonly string[],
  later: readonly string[],
  mistakes: string[],
): void {
  for (const name of names) {
    if (later.includes(name)) mistakes.push(`${name}: not available in this version`);
    else if (!known.includes(name)) mistakes.push(`${name}: unknown${didYouMean(name, known)}`);
  }
}

const present = (entries: readonly (readonly [string, string | undefined])[]): Map<string, string> =>
  new Map(entries.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
