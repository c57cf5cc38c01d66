import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type SettingOutcome,
  SettingOutcome_State as State,
} from '../../gen/ts/whatsapp/privacy/v1/errors.js';
import { OnFailure } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import type { PrivacyEvent } from '../../src/simulator/index.js';
import { type Service, startService } from '../support/service.js';
import { judge, type Run } from './support/oracle.js';
import { carryOut } from './support/run.js';
import { type Category, categoryOf } from './support/settings.js';

/** A true run that narrows `last` and then widens `calladd`; every test makes it untrue in one way. */
let run: Run;
let service: Service;
beforeAll(async () => {
  service = await startService();
  run = await carryOut(service, await service.linked(), {
    start: { calladd: 'known' },
    readBefore: true,
    wishes: { last: 'none', calladd: 'all', status: 'all' },
    onFailure: OnFailure.STOP,
    deadlineMs: 10_000,
    faults: [],
    meanwhile: [],
    isPatient: true,
    cancelAfterMs: undefined,
    reconnectAfterMs: undefined,
  });
});
afterAll(() => service[Symbol.asyncDispose]());

const claiming = (category: Category, claim: Partial<SettingOutcome>): Run => {
  const change = (outcomes: Run['answer']['outcomes']) =>
    outcomes?.map(one => (categoryOf(one.setting) === category ? { ...one, ...claim } : one));
  const answer = { ...run.answer, outcomes: change(run.answer.outcomes) };
  return { ...run, answer, repetition: answer };
};
const seeing = (change: (events: PrivacyEvent[]) => PrivacyEvent[]): Run => {
  const events = change([...run.events]);
  return { ...run, events, answeredAt: events.length };
};
const wrong = (tampered: Run) => judge(tampered).wrong.join('; ');
const isChange = (event: PrivacyEvent, category: string) =>
  event.event === 'changed' && event.category === category;

test('the truth is not called wrong', () => {
  expect(run.answer.code).toBe(status.OK);
  expect(judge(run)).toEqual({ wrong: [], notes: [] });
});

describe('of an answer the oracle finds', () => {
  test('APPLIED where nothing was changed', () => {
    expect(wrong(seeing(events => events.filter(event => !isChange(event, 'last'))))).toContain(
      'last APPLIED but in force is all',
    );
  });

  test.each([
    [State.FAILED, 'last FAILED but it took effect'],
    [State.ROLLED_BACK, 'last ROLLED_BACK but in force is none, not all'],
    [State.NOT_ATTEMPTED, 'last NOT_ATTEMPTED but a stanza for it arrived'],
    [State.UNCHANGED, 'last UNCHANGED but a stanza for it arrived'],
    [State.WOULD_CHANGE, 'last WOULD_CHANGE but that is no end of such an update'],
  ])('%s where the change was made', (state, finding) => {
    expect(wrong(claiming('last', { state }))).toContain(finding);
  });

  test('UNCHANGED where the value was another', () => {
    const events = JSON.parse(
      JSON.stringify(run.events).replaceAll(
        '"name":"status","value":"all"',
        '"name":"status","value":"none"',
      ),
    ) as PrivacyEvent[];
    expect(wrong({ ...run, events, before: { ...run.before, status: 'none' } })).toContain(
      'status UNCHANGED but it had another value then',
    );
  });

  test('UNKNOWN where a read in time showed the value', () => {
    const read = run.events.findLastIndex(({ event }) => event === 'asked');
    const events = run.events.map((event, place) => ({
      ...event,
      time: event.time + (place < read ? 0 : 1_000),
    }));
    const unknown = claiming('last', { state: State.UNKNOWN });
    expect(judge({ ...unknown, events, answerTime: run.answerTime + 2_000 }).notes).toEqual(['avoidable']);
  });

  test('a status that the outcomes do not have', () => {
    const answer = { ...run.answer, code: status.UNAVAILABLE };
    expect(wrong({ ...run, answer })).toContain('which means that nothing was changed');
  });

  test('an outcome that is missing, one that the history has otherwise, and another answer later', () => {
    const answer = { ...run.answer, outcomes: run.answer.outcomes?.slice(1) };
    expect(wrong({ ...run, answer })).toContain('not those of the settings asked for');
    expect(wrong({ ...run, history: [] })).toContain('the history has');
    expect(wrong({ ...run, repetition: answer })).toContain('the request_id gives');
  });

  test('settings that no read after the changes gave', () => {
    expect(wrong(seeing(events => events.slice(0, -2)))).toContain('no read after the last change');
  });
});

describe('of the stanzas the oracle finds', () => {
  test('what widens before the narrowing is confirmed', () => {
    const early = seeing(events => {
      const widening = events.findIndex(event => isChange(event, 'calladd')) - 1;
      const [asked, changed] = events.splice(widening, 2);
      return asked && changed ? [asked, changed, ...events] : events;
    });
    expect(wrong(early)).toContain('calladd=all arrived before last was confirmed');
  });

  test('a value wider than before and after, if only for a moment', () => {
    const events = run.events.flatMap(event =>
      isChange(event, 'last') ? [{ ...event, value: 'contacts' }, event] : [event],
    );
    const before = { ...run.before, last: 'none' };
    expect(wrong({ ...run, before, events })).toContain('last became contacts, wider than none and none');
  });

  test('a change that is sent twice, and one after the caller had gone', () => {
    expect(wrong(seeing(events => [...events, ...events]))).toContain('last=none arrived twice');
    expect(wrong({ ...run, cancelTime: run.answerTime - 5_000 })).toContain(
      'arrived after the caller had gone',
    );
  });
});
