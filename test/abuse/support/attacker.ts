import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { ATTACKS, type Attack } from './attacks.js';

/** What an attacker is told. */
export type Order = {
  readonly attack: string;
  readonly port: number;
  readonly from: string;
  readonly token: string;
  readonly seconds: number;
};

export type Report = { readonly sent: number };

/** That of the honest callers. */
const HERE = '127.0.0.1';
/** Others of the loopback, for what an address has done is not forgotten at once. */
const elsewhere = (name: string) => `127.0.1.${1 + ATTACKS.findIndex(attack => attack.name === name)}`;
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
  child.send({ ...order, attack: name, from: isAtHome ? HERE : elsewhere(name) } satisfies Order);
  const [said] = await Promise.race([reported, ended]);
  if (typeof said === 'object') return said;
  throw new Error(`the attacker ended with ${said}`);
}
