import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { watchCertificates } from '../../src/tls/certificate-watch.js';
import type { Certificates } from '../../src/tls/certificates.js';
import { callersCa, certificate, otherCertificate, type Pair } from '../support/certificate.js';

const OLD = certificate();
const RENEWED = otherCertificate('renewed');
const DAY_MS = 86_400_000;
/** 365 days before the first certificate ends. */
const A_YEAR_BEFORE = Date.UTC(2125, 9, 29, 21, 33, 22);
const NEVER_LOOKS = 2 ** 30;

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'wa-privacy-tls-'));
  onTestFinished(() => rmSync(path, { recursive: true }));
  return path;
}

function write(path: string, { cert, key }: Pair, clientCa = OLD.cert): void {
  writeFileSync(join(path, 'tls.crt'), cert);
  writeFileSync(join(path, 'tls.key'), key);
  writeFileSync(join(path, 'ca.crt'), clientCa);
}

/** Follows the files in a folder that begin with the old certificate, and keeps what came of it in words. */
function follow({ path = folder(), everyMs = NEVER_LOOKS, begins = OLD, now = A_YEAR_BEFORE } = {}) {
  write(path, begins);
  const time = { now, up: 0 };
  const told: string[] = [];
  const serving: Certificates[] = [];
  const watch = watchCertificates({
    files: { cert: join(path, 'tls.crt'), key: join(path, 'tls.key'), clientCa: join(path, 'ca.crt') },
    served: {
      cert: Buffer.from(begins.cert),
      key: Buffer.from(begins.key),
      clientCa: Buffer.from(OLD.cert),
    },
    serve: certificates => void serving.push(certificates),
    log: {
      certificateReplaced: () => void told.push('replaced'),
      certificateRefused: ({ cause }) => void told.push(`refused: ${(cause as Error).message}`),
      certificateExpires: ({ days }) => void told.push(`expires in ${days}`),
    },
    everyMs,
    now: () => time.now,
    uptime: () => time.up,
  });
  onTestFinished(() => watch.stop());
  const served = () => serving.map(({ cert, clientCa }) => [cert.toString(), clientCa?.toString()]);
  return { path, watch, told, served, time };
}

describe('files that change', () => {
  test('are served without being asked', async () => {
    const { path, told, served } = follow({ everyMs: 5 });
    write(path, RENEWED);
    await expect.poll(() => told.at(-1)).toBe('replaced');
    expect(served().at(-1)).toEqual([RENEWED.cert, OLD.cert]);
  });

  test('by a swapped link, as Kubernetes changes them, are served', async () => {
    const path = folder();
    for (const [version, pair] of [['..1', OLD] as const, ['..2', RENEWED] as const]) {
      mkdirSync(join(path, version));
      write(join(path, version), pair);
    }
    symlinkSync('..1', join(path, '..data'));
    for (const name of ['tls.crt', 'tls.key', 'ca.crt']) symlinkSync(`..data/${name}`, join(path, name));
    const { told, served } = follow({ path, everyMs: 5 });
    symlinkSync('..2', join(path, '..next'));
    renameSync(join(path, '..next'), join(path, '..data'));
    await expect.poll(() => told).toEqual(['replaced']);
    expect(served()).toEqual([[RENEWED.cert, OLD.cert]]);
  });

  test('in the authority of callers alone are served', async () => {
    const { path, watch, served } = follow();
    writeFileSync(join(path, 'ca.crt'), callersCa());
    await watch.reload();
    expect(served()).toEqual([[OLD.cert, callersCa()]]);
  });

  test('not are read again when asked for, and said to be', async () => {
    const { watch, told, served } = follow();
    await watch.reload();
    expect(told).toEqual(['replaced']);
    expect(served()).toHaveLength(1);
  });
});

describe('files that cannot be served', () => {
  const BROKEN: readonly [string, (path: string) => void, RegExp][] = [
    ['no PEM', path => write(path, { cert: 'hello', key: OLD.key }), /not a certificate and key in PEM/],
    ['a key of another', path => write(path, { cert: RENEWED.cert, key: OLD.key }), /that belong together/],
    ['an authority that is none', path => write(path, RENEWED, 'hello'), /the CA of callers/],
    ['no file', path => rmSync(join(path, 'tls.key')), /ENOENT/],
    [
      'a certificate that has ended',
      path => write(path, otherCertificate('expired')),
      /the certificate ended at 2020-02-01/,
    ],
  ];

  test.each(BROKEN)('with %s leave what is served as it is', async (_, breakIt, why) => {
    const { path, watch, told, served } = follow();
    breakIt(path);
    await watch.reload();
    expect(told).toEqual([expect.stringMatching(why)]);
    expect(served()).toEqual([]);
    write(path, RENEWED);
    await watch.reload();
    expect(told.slice(1)).toEqual(['replaced']);
    expect(served()).toEqual([[RENEWED.cert, OLD.cert]]);
  });

  test('are told once while nobody asks, and again when they are broken otherwise', async () => {
    const { path, told } = follow({ everyMs: 5 });
    write(path, { cert: 'hello', key: OLD.key });
    await expect.poll(() => told).toHaveLength(1);
    rmSync(join(path, 'tls.key'));
    await expect.poll(() => told).toHaveLength(2);
    expect(told).toEqual([expect.stringMatching(/PEM/), expect.stringMatching(/ENOENT/)]);
  });

  test('are told each time somebody asks', async () => {
    const { path, watch, told } = follow();
    write(path, { cert: 'hello', key: OLD.key });
    await watch.reload();
    await watch.reload();
    expect(told).toHaveLength(2);
  });
});

describe('a certificate that ends', () => {
  const IN_20_DAYS = A_YEAR_BEFORE + 345 * DAY_MS;

  test('within 21 days is told at the start and once a day', async () => {
    const { path, told, time } = follow({ now: IN_20_DAYS, everyMs: 5 });
    expect(told).toEqual(['expires in 20']);
    time.now += DAY_MS;
    time.up += DAY_MS;
    await expect.poll(() => told).toEqual(['expires in 20', 'expires in 19']);
    time.now += DAY_MS;
    time.up += DAY_MS - 1;
    rmSync(join(path, 'tls.key')); // It is told by the second look from now on.
    await expect.poll(() => told).toHaveLength(3);
    expect(told.at(-1)).toContain('refused');
  });

  test('is told again with the files that it is read from', async () => {
    const { watch, told } = follow({ now: IN_20_DAYS });
    await watch.reload();
    expect(told).toEqual(['expires in 20', 'replaced', 'expires in 20']);
  });

  test('later than that is not told', () => {
    expect(follow({ now: A_YEAR_BEFORE + 343 * DAY_MS }).told).toEqual([]);
  });

  test('and has ended is served from the start, with a word', () => {
    expect(follow({ begins: otherCertificate('expired') }).told).toEqual([
      expect.stringMatching(/^expires in -/),
    ]);
  });
});
