import { setTimeout as wait } from 'node:timers/promises';
import { InstanceServiceService as Instances } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { PrivacyServiceService as Privacy } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { bearer, type Caller, caller, OWN_CONNECTION } from '../../support/call.js';

/** How honest callers fared. */
export type Fare = {
  /** Milliseconds of each call that was answered. */
  readonly calls: readonly number[];
  /** The same for calls that begin with a connection. */
  readonly newcomers: readonly number[];
  readonly failures: readonly string[];
};

/** Between two calls on the one connection that stays. */
const CALL_EVERY_MS = 20;
/** Between two that come anew. */
const NEWCOMER_EVERY_MS = 500;

/** Calls at a steady pace, whatever became of the calls before, while the work goes on. */
export async function fareDuring(
  work: Promise<unknown>,
  { address, tokens, instance }: { address: string; tokens: readonly string[]; instance: string },
): Promise<Fare> {
  const calls: number[] = [];
  const newcomers: number[] = [];
  const failures: string[] = [];
  const underWay = new Set<Promise<void>>();
  let isOver = false;
  const resident = caller(address, '', OWN_CONNECTION);
  let turn = 0;
  /** One caller after another, each with its own token. */
  const next = () => ({ metadata: bearer(tokens[turn++ % tokens.length] ?? '') });

  const time = async (into: number[], act: () => Promise<unknown>) => {
    const began = performance.now();
    try {
      await act();
      into.push(performance.now() - began);
    } catch (error) {
      failures.push(String(error));
    }
  };
  const read = (client: Caller) =>
    client.call(Privacy.getPrivacySettings, { instance, maxAge: { seconds: 3600n, nanos: 0 } }, next());
  const visit = async () => {
    const client = caller(address, '', OWN_CONNECTION);
    await client.call(Instances.getInstance, { instance: instance }, next()).finally(() => client.close());
  };
  const atPace = async (everyMs: number, begin: () => Promise<void>) => {
    for (let due = performance.now(); !isOver; due += everyMs) {
      await wait(Math.max(0, due - performance.now()));
      const call = begin();
      underWay.add(call);
      void call.then(() => underWay.delete(call));
    }
  };

  await read(resident);
  const paces = [
    atPace(CALL_EVERY_MS, () => time(calls, () => read(resident))),
    atPace(NEWCOMER_EVERY_MS, () => time(newcomers, visit)),
  ];
  await work;
  isOver = true;
  await Promise.all(paces);
  await Promise.all(underWay);
  resident.close();
  return { calls, newcomers, failures };
}

/** The value below which this share of them lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
