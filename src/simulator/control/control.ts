import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { BufferJSON } from '@whiskeysockets/baileys';
import { z } from 'zod';
import type { Simulator } from '../serving/simulator.js';
import { route } from './control-routes.js';

/** The control interface of a simulator, for other processes. */
export type Control = { readonly url: string; stop(): Promise<void> };

/**
 * Serves the routes of `README.md` as JSON over HTTP on the loopback address. Requests with a body must say
 * `application/json`, which no web page can do unasked.
 */
export async function startControl(simulator: Simulator, { port = 0 } = {}): Promise<Control> {
  const server = createServer((request, response) => {
    void answer(simulator, request).then(
      ({ status, body }) => respond(response, status, body),
      (error: unknown) => respond(response, ...failure(error)),
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function answer(
  simulator: Simulator,
  request: IncomingMessage,
): Promise<{ status: number; body: unknown }> {
  const url = new URL(request.url ?? '/', 'http://control');
  const method = request.method ?? 'GET';
  const hasBody = method === 'POST' || method === 'PUT' || method === 'PATCH';
  if (hasBody && request.headers['content-type']?.split(';')[0] !== 'application/json') {
    return { status: 415, body: { error: 'content-type must be application/json' } };
  }
  const path = url.pathname.split('/').filter(Boolean).map(decodeURIComponent);
  const body: unknown = hasBody ? await json(request) : undefined;
  const result = await route(simulator, method, path, body, Object.fromEntries(url.searchParams));
  return result === undefined
    ? { status: 404, body: { error: `no ${method} ${url.pathname}` } }
    : { status: 200, body: result };
}

function failure(error: unknown): [number, unknown] {
  if (error instanceof z.ZodError) return [400, { error: z.prettifyError(error) }];
  return [400, { error: error instanceof Error ? error.message : String(error) }];
}

function respond(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body, BufferJSON.replacer)}\n`);
}
