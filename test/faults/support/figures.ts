import { status } from '@grpc/grpc-js';
import { SettingOutcome_State as State } from '../../../gen/ts/whatsapp/privacy/v1/error_details.js';
import type { Judgement, Run } from './oracle.js';

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

  return {
    add({ answer, events, cancelTime }: Run, { wrong, notes }: Judgement) {
      count('runs');
      if (cancelTime !== undefined) count('cancelled');
      if (!answer.outcomes) count('without outcomes');
      count(`status ${status[answer.code]}${answer.reason ? ` ${answer.reason}` : ''}`);
      for (const { state } of answer.outcomes ?? []) count(`outcome ${State[state]}`);
      for (const note of notes) count(`note ${note}`);
      count(
        'sets',
        events.filter(event => event.event === 'asked' && event.iq.attrs['type'] === 'set').length,
      );
      if (wrong.length === 0) return;
      count('wrong');
      if (answer.code === status.OK) count('false OK');
      for (const text of wrong) count(`wrong ${text.split(' but ')[0]?.split(' ')[1] ?? ''}`);
    },
    lines() {
      const outcomes = [...counts].reduce((sum, [name, n]) => sum + (name.startsWith('outcome ') ? n : 0), 0);
      const sent = outcomes - get('outcome NOT_ATTEMPTED') - get('outcome UNCHANGED');
      return [
        `runs             ${get('runs')}, ${get('sets')} changes sent, ${get('cancelled')} left by the caller`,
        `status           ${section('status ')}`,
        `outcomes         ${section('outcome ')}`,
        `UNKNOWN          ${share(get('outcome UNKNOWN'), sent)} of the changes tried, avoidable ${get('note avoidable')}`,
        `no outcomes      ${get('without outcomes')}`,
        `late, deceived   ${get('note late')}, ${get('note deceived')}`,
        `false OK         ${get('false OK')}`,
        `wrong            ${get('wrong')} runs${get('wrong') ? `: ${section('wrong ')}` : ''}`,
      ];
    },
  };
}
