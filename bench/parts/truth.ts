import { specOf } from '../../src/domain/settings/settings-table.js';
import { parseAssignments } from '../../src/input/assignments.js';
import type { Effect } from '../../src/simulator/world/faults.js';
import type { Figure } from '../figures/figure.js';
import { instanceName } from '../stage/seed.js';
import type { Cast, Stage } from '../stage/stage.js';
import { NARROW, update, WIDE } from './changes.js';
import { contenders, figuresBeside, stopAll } from './contenders.js';

/** What becomes of the fourth of seven changes. */
const SITUATIONS: readonly Effect[] = [
  { do: 'refuse', code: 403 },
  { do: 'refuse_category', code: 403 },
  { do: 'silence', moment: 'before_apply' },
  { do: 'silence', moment: 'after_apply' },
  { do: 'close', moment: 'before_apply' },
  { do: 'close', moment: 'after_apply' },
  { do: 'lie', lie: 'empty', applied: false },
  { do: 'lie', lie: 'other_value', applied: false },
];
const CATEGORY = 'online';
export const CAST: Cast = { services: [SITUATIONS.length], peers: SITUATIONS.length };

/** Who changes settings of so many accounts. */
type Way = {
  readonly phoneNumbers: readonly string[];
  readonly change: (account: number, wanted: readonly string[]) => Promise<unknown>;
};
/** How many of the answers were OK, rightly and wrongly, and the longest wait for one. */
type Answers = Record<'trueOks' | 'falseOks' | 'longestMs', number[]>;

/** Lets one of seven changes go wrong in every way, and sees whether an OK then means that all seven hold. */
export async function measureTruth(stage: Stage): Promise<Figure[]> {
  const service = await stage.service(SITUATIONS.length);
  await service.connectMs;
  const peers = await contenders(stage, SITUATIONS.length, (): Answers => noAnswers());
  const own = noAnswers();
  const ours: Way = {
    ...service,
    change: (account, wanted) => update(service.api, instanceName(account), wanted),
  };
  await Promise.all([
    ask(stage, ours, own),
    ...peers.map(({ peer, measured }) => peer && ask(stage, peer, measured)),
  ]);
  await stopAll(peers);
  await service.stop();

  const of = `of ${SITUATIONS.length === 8 ? 'eight' : SITUATIONS.length}`;
  const figures = (name: string, unit: Figure['unit'], value: keyof Answers) =>
    figuresBeside({ chapter: 'What an OK is worth', name, unit }, own, peers, answers => answers[value]);
  return [
    ...figures(`false OKs ${of}`, 'answers', 'falseOks'),
    ...figures(`true OKs ${of}`, 'answers', 'trueOks'),
    ...figures(`longest wait for an answer ${of}`, 'ms', 'longestMs'),
  ];
}

const noAnswers = (): Answers => ({ trueOks: [], falseOks: [], longestMs: [] });

/** All situations at the same time, each on an account of its own: some answers take over a minute. */
async function ask(stage: Stage, { phoneNumbers, change }: Way, answers: Answers): Promise<void> {
  const ended = await Promise.all(
    SITUATIONS.map(async (effect, account) => {
      const phoneNumber = phoneNumbers[account] ?? '';
      await change(account, WIDE);
      await stage.inject({ match: { on: 'privacy_set', category: CATEGORY, phoneNumber }, effect });
      const started = performance.now();
      const isOk = await change(account, NARROW).then(
        () => true,
        () => false,
      );
      const ms = performance.now() - started;
      return { isOk, ms, holds: isOk && (await holds(stage, phoneNumber)) };
    }),
  );
  answers.falseOks.push(ended.filter(({ isOk, holds }) => isOk && !holds).length);
  answers.trueOks.push(ended.filter(({ isOk, holds }) => isOk && holds).length);
  answers.longestMs.push(Math.max(...ended.map(({ ms }) => ms)));
}

async function holds(stage: Stage, phoneNumber: string): Promise<boolean> {
  const settings = await stage.settingsOf(phoneNumber);
  return [...parseAssignments(NARROW)].every(
    ([setting, value]) => settings[specOf(setting).category] === value,
  );
}
