import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { CLIENTS, missing } from './support/clients.js';
import { startTarget, TRANSPORTS } from './support/target.js';

const FOLDER = join(import.meta.dirname, '../../clients');
const own = Object.entries(process.env).filter(([name]) => !name.startsWith('WA_PRIVACY_'));

/** Rejects with what it printed when it does not end with 0. */
async function run([command = '', ...args]: readonly string[], client: string, env = {}) {
  const options = { cwd: join(FOLDER, client), env: { ...Object.fromEntries(own), ...env } };
  const { stdout } = await promisify(execFile)(command, args, options).catch(error => {
    throw new Error(`${error.message}\n${error.stdout}${error.stderr}`);
  });
  return stdout;
}

test('every client is known here', () => {
  const folders = readdirSync(FOLDER, { withFileTypes: true }).filter(entry => entry.isDirectory());
  expect(CLIENTS.map(({ name }) => name).sort()).toEqual(folders.map(({ name }) => name).sort());
});

// Side by side, as many as the configuration says: what they do most is wait.
describe.concurrent.each(CLIENTS)('the client in $name', ({ name, needs, build, run: program }) => {
  const lacks = missing(needs);
  if (lacks.length > 0) {
    test.skip(`is skipped: ${lacks.join(', ')} not installed`, () => undefined);
    return;
  }

  beforeAll(async () => {
    for (const command of build) await run(command, name);
  });

  test.each(TRANSPORTS)('gets over %s what the contract says', async transport => {
    await using target = await startTarget(transport);
    console.log(`In ${name}, over ${transport}:\n${await run(program, name, target.env)}`);
  });
});
