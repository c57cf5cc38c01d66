import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { credentials } from '@grpc/grpc-js';
import { type Api, connect } from '../cli/client/client.js';

/** One of several nodes, in a process of its own, and a client of it. */
export type NodeProcess = {
  readonly name: string;
  readonly api: Api;
  /** Ends it as a crash does, and waits until it is gone. */
  kill(): Promise<void>;
};

const TIMEOUT_MS = 60_000;
const LISTENING = /^wa-privacy listening on (\S+)$/;

/** Starts this program once more, as a node of this name; rejects with what it said when it does not come to serve. */
export async function startNode(
  name: string,
  token: string,
  env: Readonly<Record<string, string>>,
): Promise<NodeProcess> {
  const inherited = Object.entries(process.env).filter(([key]) => !key.startsWith('WA_PRIVACY_'));
  const child = spawn(process.execPath, [process.argv[1] ?? '', 'serve'], {
    env: { ...Object.fromEntries(inherited), ...env, WA_PRIVACY_NODE_NAME: name },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const address = await addressOf(child);
  const api = connect({ address, credentials: credentials.createInsecure(), token, timeoutMs: TIMEOUT_MS });
  return {
    name,
    api,
    async kill() {
      api.close();
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function addressOf(child: ChildProcess & { readonly stdout: NodeJS.ReadableStream }): Promise<string> {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  for await (const line of createInterface(child.stdout)) {
    const address = LISTENING.exec(line)?.[1];
    if (address !== undefined) return address;
  }
  throw new Error(`a node did not come to serve: ${said}`);
}
