import { fileURLToPath } from 'node:url';
import { PrivacyServiceService as Privacy } from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { type Callers, callers, type Load, type WireCall, wireCall } from '../stage/load.js';
import { type Measured, measured } from '../stage/processes.js';
import { instanceName } from '../stage/seed.js';
import { TOKEN } from '../stage/stage.js';

/** A server under load. */
export type Server = Callers & { readonly process: Measured };
/** What a server did in one round. */
export type Round = Load & { readonly cpuUsEach: number };
/** Rounds of ours and of what they are held against. */
export type Rounds = { readonly ours: Round[]; readonly theirs: Round[] };

export const serverAt = (process: Measured, address: string, connections?: number): Server => ({
  process,
  ...callers(address, TOKEN, connections),
});

/** A Get that is answered from memory. */
export const GET: WireCall = wireCall(Privacy.getPrivacySettings, {
  instance: instanceName(0),
  maxAge: { seconds: 3600n, nanos: 0 },
});

/** Measures a server while it is under some load. */
export async function roundOf(process: Measured, load: () => Promise<Load>): Promise<Round> {
  const before = process.cpuSeconds();
  const done = await load();
  return { ...done, cpuUsEach: ((process.cpuSeconds() - before) / done.ms.length) * 1e6 };
}

/** A bare grpc-js server in a process of its own that has this answer to that call, and where it listens. */
export async function startBareServer({ path }: WireCall, answer: Buffer) {
  const file = fileURLToPath(new URL('../peers/bare-server.js', import.meta.url));
  const process = measured([file, path, answer.toString('base64')]);
  const [, address = ''] = await process.watch(/^listening on (\S+)/).reached(1);
  return { process, address };
}
