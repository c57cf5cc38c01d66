import { BARE_METHOD, ONE_CONNECTION, OVER_WHATSMEOW, OWN_UNARY } from './against.js';
import { type Figure, median, ratios } from './figure.js';

/** What a figure must come to: its ratio, or itself where `of` says so. */
export type Target = {
  readonly of: 'ratio' | 'value';
  /** What it is then held against; all that the figure is held against when left out. */
  readonly against?: string;
} & ({ readonly atMost: number } | { readonly atLeast: number });

/** Every target of a whole run, by the name of its figure. */
export const TARGETS: Readonly<Record<string, Target>> = {
  '7 narrowing changes at 100 ms': { of: 'ratio', atMost: 0.16 },
  '1 change at 100 ms': { of: 'ratio', atMost: 1.1 },
  '7 mixed changes at 100 ms': { of: 'ratio', atMost: 0.29 },
  '7 unchanged at 100 ms': { of: 'ratio', atMost: 0.15 },
  '7 unchanged at 100 ms, stanzas': { of: 'value', atMost: 1 },
  '7 unchanged at 100 ms, settings fresh, stanzas': { of: 'value', atMost: 0 },
  '32 updates in flight, updates a second': { of: 'ratio', against: OVER_WHATSMEOW, atLeast: 1.3 },
  '32 updates in flight, p99 of a read beside them': { of: 'value', atMost: 20 },
  '32 updates in flight, processor time of an update': { of: 'value', atMost: 2 },
  '100 updates a second, p99 of a read beside them': { of: 'value', atMost: 25 },
  '200 instances, ApplyPrivacySettings': { of: 'ratio', against: OWN_UNARY, atMost: 1 },
  'GetPrivacySettings, 1 at a time': { of: 'ratio', atLeast: 0.9 },
  'GetPrivacySettings, 16 at a time': { of: 'ratio', atLeast: 0.9 },
  'GetPrivacySettings, 64 at a time': { of: 'ratio', atLeast: 0.9 },
  'processor time of a Get': { of: 'ratio', against: BARE_METHOD, atMost: 1.5 },
  'processor time of a Get, 16 connections': { of: 'ratio', against: ONE_CONNECTION, atMost: 1.3 },
  '1000 instances, all connected': { of: 'ratio', against: OVER_WHATSMEOW, atMost: 2 },
  '1000 instances, processor time of a login': { of: 'value', atMost: 4 },
  '1000 instances, resident memory each': { of: 'value', atMost: 150 },
  '1000 instances, processor when idle': { of: 'value', atMost: 2.5 },
  '1000 instances, p99 of a Get while they connect': { of: 'value', atMost: 30 },
  '1000 instances, p99 of a Get when connected': { of: 'value', atMost: 50 },
  '1000 instances, processor time of a Get': { of: 'ratio', atMost: 1.1 },
  '2500 instances, processor time of a Get': { of: 'ratio', atMost: 1.1 },
  'listening, no instance': { of: 'value', atMost: 250 },
  'listening, 1000 instances': { of: 'value', atMost: 1000 },
  'a command, from its start to its end': { of: 'value', atMost: 200 },
  'an empty process, resident memory': { of: 'value', atMost: 100 },
  'false OKs of eight': { of: 'value', atMost: 0 },
};

/** Of parked and of watched instances and of several nodes, which are measured apart. */
const OTHER_TARGETS: Readonly<Record<string, Target>> = {
  '10000 parked, resident memory at most, while each is read once': { of: 'value', atMost: 1500 },
  '10000 parked, stanzas of a Get that connects': { of: 'value', atMost: 1 },
  '1000 watched, processor when idle': { of: 'ratio', atMost: 1.3 },
  'a Get through another node, 1 at a time': { of: 'ratio', atLeast: 0.5 },
  'a Get through another node, 16 at a time': { of: 'ratio', atLeast: 0.5 },
  'an update through another node, p50 of what is added': { of: 'value', atMost: 3 },
};

export function targetOf({ name, against }: Figure): Target | undefined {
  const target = TARGETS[name] ?? OTHER_TARGETS[name];
  return target?.against === undefined || target.against === against?.what ? target : undefined;
}

/** The targets that no figure was measured for. */
export const unmeasured = (figures: readonly Figure[]): string[] =>
  Object.keys(TARGETS).filter(name => !figures.some(figure => figure.name === name && targetOf(figure)));

/** Whether the figure meets its target; undefined when it has none, or what it is held against is missing. */
export function isMet(figure: Figure): boolean | undefined {
  const target = targetOf(figure);
  const values = target?.of === 'value' ? figure.ours : ratios(figure);
  if (!target || !values) return undefined;
  const value = median(values);
  return 'atMost' in target ? value <= target.atMost : value >= target.atLeast;
}
