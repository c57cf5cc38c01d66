import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idempotency, type StoredAnswer } from '../../../src/access/idempotency.js';
import { type Token, type Tokens, tokens } from '../../../src/access/tokens.js';
import { PrivacyError } from '../../../src/domain/errors.js';
import type { Write } from '../../../src/domain/write.js';
import { at, instanceRecord } from '../contract/records.js';
import { type Node, newNodes } from './nodes.js';

const KEY = Buffer.alloc(32, 'token key');
const WISH = { kind: 'ACCOUNT', access: 'READ_WRITE', displayName: 'desk' } as const;

/** One node as it answers requests with a request_id. */
function answering({ store }: Node) {
  const access = tokens({ store: store.tokens, key: KEY });
  const once = idempotency(store.requests, error => {
    throw error;
  });
  /** What is made is stored with the answer, which is its name. */
  async function ask(
    key: string,
    make: (saving: (name: string) => readonly Write[]) => Promise<string>,
    content = 'x',
  ) {
    const answerOf = (name: string): StoredAnswer => ({ answer: Buffer.from(name), status: 'response' });
    const { answer } = await once({
      key,
      requestId: key,
      digest: createHash('sha256').update(content).digest(),
      subject: undefined,
      now: at(0),
      signal: new AbortController().signal,
      run: async saving => ({ ...answerOf(await make(name => saving(answerOf(name)))), keep: 'saved' }),
    });
    return Buffer.from(answer).toString();
  }
  return { store, access, ask };
}

type Answering = ReturnType<typeof answering>;
type Make = (saving: (name: string) => readonly Write[]) => Promise<string>;

let made = 0;
/** What a request makes, with its answer, as its method does; another name each time, as for a name that is made up. */
const MAKING: Record<string, (node: Answering, given: string) => Make> = {
  'an instance of a name that was given':
    ({ store }, given) =>
    async saving => {
      if (await store.instances.create(instanceRecord(given), saving(given))) return given;
      throw new PrivacyError({ kind: 'INSTANCE_ALREADY_EXISTS', instance: given });
    },
  'an instance of a name that was made up':
    ({ store }) =>
    async saving => {
      const name = `made-up-${made++}`;
      await store.instances.create(instanceRecord(name), saving(name));
      return name;
    },
  'instances in one go':
    ({ store }, given) =>
    async saving => {
      const news = [0, 1, 2].map(index => ({ record: instanceRecord(`${given}-${index}`), along: [] }));
      const told = (which: readonly boolean[]) => which.join();
      return told(await store.instances.createEach(news, which => saving(told(which))));
    },
  'a token':
    ({ access }) =>
    async saving => {
      const { token } = await access.mint(WISH, { along: ({ id }: Token) => saving(id) });
      return token.id;
    },
};

describe('one request_id at three nodes at once', () => {
  async function setUp() {
    const { nodes } = await newNodes(3);
    return nodes.map(answering);
  }
  const tokenIds = async (access: Tokens | undefined) =>
    (await access?.list({ after: undefined, limit: 200 }))?.tokens.map(({ id }) => id) ?? [];

  test.each(Object.keys(MAKING))('makes %s once, and each gets the same answer', async what => {
    const nodes = await setUp();
    for (let round = 0; round < 10; round++) {
      const before = (await nodes[0]?.store.instances.list())?.length ?? 0;
      const tokensBefore = (await tokenIds(nodes[0]?.access)).length;
      const asked = nodes.map(node => node.ask(`k${round}`, MAKING[what]?.(node, `given-${round}`) as Make));
      const answers = await Promise.all(asked);
      expect(new Set(answers).size).toBe(1);
      const instances = (await nodes[0]?.store.instances.list())?.length ?? 0;
      const expected = { 'a token': 0, 'instances in one go': 3 }[what] ?? 1;
      expect(instances - before).toBe(expected);
      expect((await tokenIds(nodes[0]?.access)).length - tokensBefore).toBe(what === 'a token' ? 1 : 0);
      const again = await nodes[round % 3]?.ask(`k${round}`, () => Promise.reject(new Error('run again')));
      expect(again).toBe(answers[0]);
    }
  });

  test.each([0, 60_000])('rotates a token once, whose grace is %d ms', async graceMs => {
    const nodes = await setUp();
    for (let round = 0; round < 10; round++) {
      const { token } = (await nodes[0]?.access.mint(WISH)) ?? {};
      const id = token?.id ?? '';
      const before = await tokenIds(nodes[0]?.access);
      const answers = await Promise.all(
        nodes.map(({ access, ask }) =>
          ask(`rotate ${round}`, async saving => {
            const next = await access.rotate(id, graceMs, {
              along: ({ token: { id: nextId } }) => saving(nextId),
            });
            return next.token.id;
          }),
        ),
      );
      expect(new Set(answers).size).toBe(1);
      const added = (await tokenIds(nodes[0]?.access)).filter(each => !before.includes(each));
      expect(added).toEqual([answers[0]]);
    }
  });

  test('with another request is refused, whoever was first', async () => {
    const nodes = (await setUp()).slice(0, 2);
    const [one] = nodes;
    const ask = (node: Answering, content: string) =>
      node.ask('k', MAKING['a token']?.(node, '') as Make, content);
    const outcomes = await Promise.allSettled(nodes.map((node, index) => ask(node, `content ${index}`)));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(outcomes.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { problem: { kind: 'REQUEST_ID_REUSED' } },
    });
    expect(await tokenIds(one?.access)).toHaveLength(1);
  });
});

test('whichever nodes are asked, and how often and when, each request_id makes one thing', async () => {
  const { nodes } = await newNodes(3);
  const answer = nodes.map(answering);
  let run = 0;
  const request = fc.record({
    node: fc.nat(2),
    key: fc.constantFrom('a', 'b', 'c'),
    what: fc.constantFrom(...Object.keys(MAKING)),
    turns: fc.nat(30),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { minLength: 2, maxLength: 12 }), async requests => {
      run++;
      const kinds = new Map(requests.map(({ key, what }) => [key, what]));
      const answers = await Promise.all(
        requests.map(async ({ node, key, turns }) => {
          for (let turn = 0; turn < turns; turn++) await new Promise(resolve => setImmediate(resolve));
          const own = answer[node] as Answering;
          const what = kinds.get(key) ?? '';
          return [
            key,
            await own.ask(`${run} ${key}`, MAKING[what]?.(own, `r${run}-${key}`) as Make),
          ] as const;
        }),
      );
      for (const key of kinds.keys())
        expect(new Set(answers.filter(([each]) => each === key).map(([, each]) => each)).size).toBe(1);
    }),
    { numRuns: 30 },
  );
});
