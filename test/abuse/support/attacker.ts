import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Attack } from './attacks.js';

/** What an attacker is told. */
export type Order = {
  readonly attack: string;
  readonly port: number;
  readonly from: string;
  readonly token: string;
  readonly seconds: number;
};

export type Report = { readonly sent: number };

/** Another address than that of the honest callers. */
const ELSEWHERE = '127.0.0.2';
const HERE = '127.0.0.1';
const TESTS = join(import.meta.dirname, '../..');

/** Makes the attack from a process of its own. */
export async function attackFor(
  { name, isAtHome }: Attack,
  order: Omit<Order, 'attack' | 'from'>,
): Promise<Report> {
  const child = fork(join(TESTS, 'abuse/child/attacker.ts'), {
    execArgv: [`--import=${join(TESTS, 'stores/child/typescript.mjs')}`],
  });
  const reported = once(child, 'message');
  const ended = once(child, 'exit');
  child.send({ ...order, attack: name, from: isAtHome ? HERE : ELSEWHERE } satisfies Order);
  const [said] = await Promise.race([reported, ended]);
  if (typeof said === 'object') return said;
  throw new Error(`the attacker ended with ${said}`);
}
