import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, createReadStream, openSync, type ReadStream } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InstanceServiceService as Instances } from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import type { Caller } from '../support/call.js';
import { openScene, type Scene } from './support/scene.js';

/** More lines than wait for a log and in a pipe. */
const MANY = 6_000;

/** Calls that each write a line. */
async function callOften(client: Caller, times: number) {
  for (let made = 0; made < times; made += 100)
    await Promise.all(Array.from({ length: 100 }, () => client.call(Instances.listInstances, {})));
}

/** A pipe whose other end is held open, and not read. */
function openPipe(scene: Scene) {
  const path = join(scene.dataDir, '../log');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, 'r+');
  const writer = openSync(path, 'w');
  return { path, writer, closeReader: () => closeSync(reader) };
}

async function linesUntil(reader: ReadStream, event: string): Promise<Record<string, unknown>[]> {
  let text = '';
  reader.setEncoding('utf8').on('data', part => {
    text += part;
  });
  while (!text.includes(`"${event}"`)) await once(reader, 'data');
  return text
    .slice(0, text.lastIndexOf('\n'))
    .split('\n')
    .map(line => JSON.parse(line) as Record<string, unknown>);
}

describe.skipIf(process.platform === 'win32')('a log', () => {
  test('that nobody reads stops no call, and tells what is missing when it is read', async () => {
    await using scene = await openScene();
    const pipe = openPipe(scene);
    const service = scene.load({ stderr: pipe.writer });
    closeSync(pipe.writer);
    await service.serve();
    const client = await service.client;
    await callOften(client, MANY);
    const reader = createReadStream(pipe.path);
    const lines = await linesUntil(reader, 'log_lines_dropped');
    const written = lines.filter(({ event }) => event === 'call_ended').length;
    const told = lines.find(({ event }) => event === 'log_lines_dropped');
    expect(written + Number(told?.['count'])).toBe(MANY);
    await callOften(client, 100);
    expect(await service.end('SIGTERM')).toBe(0);
    reader.destroy();
    pipe.closeReader();
  });

  test('that nobody reads does not keep the service from its end', async () => {
    await using scene = await openScene();
    const pipe = openPipe(scene);
    const service = scene.load({ stderr: pipe.writer });
    closeSync(pipe.writer);
    await service.serve();
    await callOften(await service.client, 1000);
    expect(await service.end('SIGTERM')).toBe(0);
    pipe.closeReader();
  });

  test('whose reader is gone stops nothing', async () => {
    await using scene = await openScene();
    const pipe = openPipe(scene);
    const service = scene.load({ stderr: pipe.writer });
    closeSync(pipe.writer);
    pipe.closeReader();
    await service.serve();
    await callOften(await service.client, 1000);
    expect(await service.end('SIGTERM')).toBe(0);
  });

  test.skipIf(process.platform !== 'linux')('on a full disk stops nothing', async () => {
    await using scene = await openScene();
    const full = openSync('/dev/full', 'w');
    const service = scene.load({ stderr: full });
    closeSync(full);
    await service.serve();
    await callOften(await service.client, 1000);
    expect(await service.end('SIGTERM')).toBe(0);
  });
});
