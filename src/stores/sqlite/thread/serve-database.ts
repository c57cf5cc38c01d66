// The thread that has the database. It runs as it stands, from the sources too: it imports nothing but what plain Node
// finds, so relative files with the ending that they have.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Database } from 'better-sqlite3';
import { copyDatabase } from './copy-database.ts';
import { type End, groupCommit } from './group-commit.ts';
import { openDatabase } from './open-database.ts';
import type { Answer, Opened, Ran, Request, Result, Step } from './protocol.ts';

const codeOf = (error: unknown): unknown =>
  error instanceof Error && 'code' in error ? error.code : undefined;
const failure = (error: unknown) => ({ error, code: codeOf(error) });
const ranAs = (...results: Result[]): Ran => ({ held: true, wrote: [], results });

/** Answers what comes, in its order. All that has come when it looks is committed at once. */
function serve(port: MessagePort, database: Database): void {
  const { commit, reads, read, alone } = groupCommit(database);
  const backups = new Map<number, AbortController>();
  let answers: Answer[] = [];
  let group: { id: number; steps: readonly Step[] }[] = [];

  function tell() {
    if (answers.length > 0) port.postMessage(answers);
    answers = [];
  }

  const answer = (id: number, end: End) =>
    answers.push('ran' in end ? { id, ran: end.ran } : { id, ...failure(end.error) });

  function answerWith(id: number, work: () => Ran) {
    try {
      answer(id, { ran: work() });
    } catch (error) {
      answer(id, { error });
    }
  }

  function commitGroup() {
    if (group.length === 0) return;
    tell(); // What was only read does not wait for the disk.
    const ends = commit(group.map(({ steps }) => steps));
    for (const [index, { id }] of group.entries()) answer(id, ends[index] as End);
    group = [];
  }

  function isRead(steps: readonly Step[]): boolean {
    try {
      return reads(steps);
    } catch {
      return false; // What cannot be prepared fails when it is run.
    }
  }

  async function backUp(id: number, to: string) {
    const leaving = new AbortController();
    backups.set(id, leaving);
    const end = await copyDatabase(database, to, leaving.signal).then(
      () => ({ ran: ranAs() }),
      (error: unknown) => ({ error }),
    );
    backups.delete(id);
    answer(id, end);
    tell();
  }

  function close(): Ran {
    database.close();
    return ranAs();
  }

  function handle({ id, work }: Request) {
    if (work.kind === 'transaction') {
      if (group.length === 0 && isRead(work.steps)) answerWith(id, () => read(work.steps));
      else group.push({ id, steps: work.steps });
      return;
    }
    commitGroup();
    if (work.kind === 'alone') answerWith(id, () => ranAs(alone(work.sql)));
    if (work.kind === 'backup') void backUp(id, work.to);
    if (work.kind === 'cancel') backups.get(work.backup)?.abort(new Error('The backup was given up'));
    if (work.kind === 'close') {
      answerWith(id, close);
      tell();
      port.close();
    }
  }

  port.on('message', (first: Request) => {
    handle(first);
    for (let more = receiveMessageOnPort(port); more; more = receiveMessageOnPort(port)) handle(more.message);
    commitGroup();
    tell();
  });
}

function start(port: MessagePort, file: string): void {
  let opened: Opened = {};
  try {
    serve(port, openDatabase(file));
  } catch (error) {
    opened = failure(error);
  }
  port.postMessage(opened);
}

if (parentPort) start(parentPort, workerData.file);
