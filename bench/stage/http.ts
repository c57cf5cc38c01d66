import { Agent, request } from 'node:http';
import { text } from 'node:stream/consumers';

/** Calls a server over connections that are kept; rejects unless the status is 200. */
export type Http = {
  readonly ask: (method: string, path: string, body?: unknown) => Promise<string>;
  readonly close: () => void;
};

/** Calls the server at `host:port`. */
export function http(address: string): Http {
  const agent = new Agent({ keepAlive: true });
  return {
    ask: (method, path, body) =>
      new Promise((resolve, reject) => {
        const sent = request(`http://${address}${path}`, { method, agent });
        sent.on('error', reject);
        sent.on('response', response => {
          const answered = (answer: string) =>
            response.statusCode === 200
              ? resolve(answer)
              : reject(new Error(`${response.statusCode}: ${answer}`));
          void text(response).then(answered, reject);
        });
        sent.end(body === undefined ? undefined : JSON.stringify(body));
      }),
    close: () => agent.destroy(),
  };
}
