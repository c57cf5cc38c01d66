import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attackFor } from './support/attacker.js';
import { ATTACKS } from './support/attacks.js';
import { type Fare, fareDuring, quantile } from './support/honest.js';
import { asTable, type Row, writeTable } from './support/table.js';
import { startTarget } from './support/target.js';

const SECONDS = Number(process.env['ABUSE_SECONDS'] ?? 10);
/** Of the quiet p99: what the service bounds itself, and what HTTP/2 has to carry first. */
const MOST_TIMES = { bounded: 5, flood: 20 } as const;
/** Memory that an attack took is given back within this time, but for this share. */
const GIVEN_BACK_WITHIN_MS = 90_000;
const KEPT = 1.3;

let target: Awaited<ReturnType<typeof startTarget>>;
let quiet: Fare;
const rows: Row[] = [];

beforeAll(async () => {
  target = await startTarget();
  await fareDuring(wait(5_000), target); // Until its code is compiled.
  quiet = await fareDuring(wait(10_000), target);
});
afterAll(async () => {
  if (!quiet) return;
  console.log(asTable(quiet, rows));
  if (process.env['ABUSE_WRITE']) writeTable(quiet, rows);
  await target[Symbol.asyncDispose]();
});

describe('while a stranger sends', () => {
  test.for(ATTACKS)('$name, callers with a token go on', async attack => {
    const before = { rss: target.rssMb(), logged: target.logged(), cpu: target.cpuSeconds() };
    const attacking = attackFor(attack, {
      port: target.port,
      token: target.tokenOfAnother,
      seconds: SECONDS,
    });
    let most = before.rss;
    const watching = setInterval(() => {
      most = Math.max(most, target.rssMb());
    }, 100);
    const fare = await fareDuring(attacking, target).finally(() => clearInterval(watching));
    const { sent } = await attacking;
    const after = { logged: target.logged(), cpu: target.cpuSeconds() };
    const ended = performance.now() + GIVEN_BACK_WITHIN_MS;
    while (target.rssMb() > before.rss * KEPT && performance.now() < ended) await wait(500);

    rows.push({
      name: attack.name,
      sentPerSecond: sent / SECONDS,
      fare,
      cpuShare: (after.cpu - before.cpu) / SECONDS,
      rssMb: { before: before.rss, most, after: target.rssMb() },
      linesPerSecond: (after.logged - before.logged) / SECONDS,
    });
    expect(fare.failures).toEqual([]);
    const times = quantile(fare.calls, 0.99) / quantile(quiet.calls, 0.99);
    expect.soft(times, 'p99 of calls against the quiet one').toBeLessThanOrEqual(MOST_TIMES[attack.kind]);
    expect.soft(target.rssMb(), 'MB afterwards').toBeLessThanOrEqual(before.rss * KEPT);
  });
});
