import Sqlite from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import { groupCommit } from '../../src/stores/sqlite/thread/group-commit.js';

/** A database with one table, and what it ran since it was made. */
function watched() {
  const ran: string[] = [];
  const database = new Sqlite(':memory:', { verbose: sql => void ran.push(String(sql)) });
  onTestFinished(() => void database.close());
  database.exec(`create table word (text text primary key);
    create trigger loses_all before insert on word when new.text = 'loses all'
      begin select raise(rollback, 'all is lost'); end`);
  ran.length = 0;
  const { commit } = groupCommit(database);
  return {
    commit,
    ran,
    words: () =>
      database
        .prepare<[], { text: string }>('select text from word order by text')
        .all()
        .map(({ text }) => text),
  };
}

const adding = (text: string) => ({ sql: 'insert into word values (?)', parameters: [text] });
const removing = (text: string, expected: boolean) => ({
  sql: 'delete from word where text = ?',
  parameters: [text],
  expected,
});
const errorIn = (end: object | undefined) => end && 'error' in end && String(end.error);

test('all of a group is in one commit', () => {
  const { commit, ran, words } = watched();
  commit(['a', 'b', 'c'].map(text => [adding(text)]));
  expect(ran.filter(sql => sql === 'COMMIT')).toHaveLength(1);
  expect(words()).toEqual(['a', 'b', 'c']);
});

test('what fails half way takes back itself and nothing else', () => {
  const { commit, words } = watched();
  const [first, second, third] = commit([[adding('a')], [adding('b'), adding('a')], [adding('c')]]);
  expect(errorIn(second)).toContain('UNIQUE constraint failed');
  expect([first, third].map(errorIn)).toEqual([false, false]);
  expect(words()).toEqual(['a', 'c']);
});

test('what makes the database give up the whole transaction fails alone', () => {
  const { commit, words } = watched();
  const ends = commit([[adding('a')], [adding('loses all')], [adding('c')]]);
  expect(ends.map(errorIn)).toEqual([false, 'SqliteError: all is lost', false]);
  expect(words()).toEqual(['a', 'c']);
});

test('what is not as expected is taken back, and told of each expectation', () => {
  const { commit, words } = watched();
  commit([[adding('a')]]);
  const ends = commit([
    [removing('a', true), removing('b', true), adding('of b'), removing('a', false)],
    [removing('b', false), adding('c')],
  ]);
  expect(ends).toMatchObject([
    { ran: { held: false, wrote: [true, false, false] } },
    { ran: { held: true, wrote: [false] } },
  ]);
  expect(words()).toEqual(['a', 'c']);
});

test('statements without end do not all stay prepared', () => {
  const { commit, words } = watched();
  for (let number = 0; number < 1200; number++)
    commit([[{ sql: `insert into word values ('${number}')`, parameters: [] }]]);
  expect(words()).toHaveLength(1200);
});
