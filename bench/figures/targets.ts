import { type Figure, median, ratios } from './figure.js';

/** What a figure must come to: its ratio, or itself where `of` says so. */
export type Target = { readonly of: 'ratio' | 'value' } & (
  | { readonly atMost: number }
  | { readonly atLeast: number }
);

/** Every target of a whole run, by the name of its figure. */
export const TARGETS: Readonly<Record<string, Target>> = {
  '7 changes, settings to be read first': { of: 'ratio', atMost: 0.42 },
  '7 changes, settings fresh': { of: 'ratio', atMost: 0.3 },
  '7 unchanged, settings to be read first, stanzas': { of: 'value', atMost: 1 },
  '7 unchanged, settings fresh, stanzas': { of: 'value', atMost: 0 },
  'GetPrivacySettings, 1 at a time': { of: 'ratio', atLeast: 0.7 },
  'GetPrivacySettings, 16 at a time': { of: 'ratio', atLeast: 0.7 },
  'GetPrivacySettings, 64 at a time': { of: 'ratio', atLeast: 0.7 },
  '1000 instances, all connected': { of: 'ratio', atMost: 2 },
  '1000 instances, resident memory each': { of: 'ratio', atMost: 1.25 },
  '1000 instances, p99 of a Get while they connect': { of: 'value', atMost: 50 },
  '1000 instances, p99 of a Get when connected': { of: 'value', atMost: 50 },
};

/** Of parked and of watched instances, which are measured apart. */
const OTHER_TARGETS: Readonly<Record<string, Target>> = {
  '10000 parked, resident memory at most, while each is read once': { of: 'value', atMost: 1500 },
  '10000 parked, stanzas of a Get that connects': { of: 'value', atMost: 1 },
  '1000 watched, processor when idle': { of: 'ratio', atMost: 1.3 },
};

export const targetOf = ({ name }: Figure): Target | undefined => TARGETS[name] ?? OTHER_TARGETS[name];

/** The targets that no figure was measured for. */
export const unmeasured = (figures: readonly Figure[]): string[] =>
  Object.keys(TARGETS).filter(target => !figures.some(({ name }) => name === target));

/** Whether the figure meets its target; undefined when it has none. */
export function isMet(figure: Figure): boolean | undefined {
  const target = targetOf(figure);
  if (!target) return undefined;
  const value = median((target.of === 'ratio' && ratios(figure)) || figure.ours);
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}
