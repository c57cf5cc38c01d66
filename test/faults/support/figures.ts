import { status } from '@grpc/grpc-js';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';
import type { PrivacyEvent } from '../../../src/simulator/index.js';
import type { Judgement } from './oracle.js';
import { type Timeline, timelineOf } from './timeline.js';

/** What of a run is counted. */
type Told = {
  readonly code: status;
  readonly reason: string | undefined;
  readonly states: readonly State[];
  readonly events: readonly PrivacyEvent[];
  readonly cancelTime?: number | undefined;
  readonly isAnswered?: boolean;
};

/** Counts what came of the runs. */
export function openFigures() {
  const counts = new Map<string, number>();
  const count = (name: string, by = 1) => void counts.set(name, (counts.get(name) ?? 0) + by);
  const get = (name: string) => counts.get(name) ?? 0;
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(whole, 1)).toFixed(1)} %`;
  const section = (prefix: string) =>
    [...counts]
      .filter(([name]) => name.startsWith(prefix))
      .sort(([, a], [, b]) => b - a)
      .map(([name, number]) => `${name.slice(prefix.length)} ${number}`)
      .join(', ');

  const sumOf = (prefix: string) =>
    [...counts].reduce((sum, [name, number]) => sum + (name.startsWith(prefix) ? number : 0), 0);
  const tried = () => sumOf('outcome ') - get('outcome NOT_ATTEMPTED') - get('outcome UNCHANGED');

  return {
    add({ code, reason, states, events, cancelTime, isAnswered = true }: Told, { wrong, notes }: Judgement) {
      count('runs');
      if (cancelTime !== undefined) count('left');
      else if (!isAnswered) count('unanswered');
      count(`status ${status[code]}${reason ? ` ${reason}` : ''}`);
      for (const state of states) count(`outcome ${State[state]}`);
      for (const note of notes) count(`note ${note}`);
      count(
        'sets',
        events.filter(event => event.event === 'asked' && event.iq.attrs['type'] === 'set').length,
      );
      const timeline = timelineOf({}, events);
      if (isAhead(timeline)) count('ahead');
      if (hasGoneOn(timeline)) count('gone on');
      if (wrong.length === 0) return;
      count('wrong');
      if (code === status.OK) count('false OK');
      for (const finding of wrong) count(`finding ${/ ([A-Z_]+) but /.exec(finding)?.[1] ?? 'other'}`);
    },
    /** Of the changes tried, how many ended UNKNOWN although a read had shown what became of them. */
    avoidable: () => get('note avoidable') / Math.max(tried(), 1),
    lines: () => [
      `runs       ${get('runs')}, with ${get('sets')} changes sent; ${get('left')} left by the caller`,
      `ways       ${get('ahead')} planned ahead of the read, ${get('gone on')} gone on after a cut`,
      `statuses   ${section('status ')}`,
      `outcomes   ${section('outcome ')}`,
      `UNKNOWN    ${share(get('outcome UNKNOWN'), tried())} of the changes tried; avoidable ${get('note avoidable')}, with a second left ${get('note early')}`,
      `unanswered ${get('unanswered')} within the deadline`,
      `deceived   ${get('note deceived')}`,
      `false OK   ${get('false OK')}`,
      `wrong      ${get('wrong')} runs; ${STATES.map(state => `${state} ${get(`finding ${state}`)}`).join(', ')}`,
    ],
  };
}

/** Whether the first change left before the read before it was answered. */
const isAhead = ({ sets: [first], reads }: Timeline): boolean =>
  first !== undefined &&
  reads.some(
    ({ asked, answered }) => asked < first.asked && (answered === undefined || answered > first.asked),
  );

const hasGoneOn = ({ sets }: Timeline): boolean =>
  sets.some(set =>
    sets.some(
      ({ category, value, asked }) => category === set.category && value === set.value && asked > set.asked,
    ),
  );

const STATES = ['APPLIED', 'FAILED', 'NOT_ATTEMPTED', 'ROLLED_BACK', 'UNCHANGED', 'other'];
