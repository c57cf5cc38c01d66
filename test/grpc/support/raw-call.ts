import { connect, type SecureClientSessionOptions } from 'node:http2';

/** One empty message: what it is compressed with, how long it is. */
const EMPTY = Buffer.alloc(5);

/**
 * Sends a request that grpc-js' client would not, and returns headers and trailers of the answer.
 *
 * @param body What comes before the caller ends its side; null: it never does.
 */
export function rawCall(
  port: number,
  path: string,
  headers: readonly [string, string][],
  body: Buffer | null = EMPTY,
) {
  return new Promise<Record<string, unknown>>((resolve, reject) => {
    // Newer than the types of Node.
    const options = { strictSingleValueFields: false } as SecureClientSessionOptions;
    const session = connect(`http://127.0.0.1:${port}`, options);
    session.on('error', reject);
    const stream = session.request([
      ':method',
      'POST',
      ':scheme',
      'http',
      ':path',
      path,
      ':authority',
      'test',
      ...(headers.some(([name]) => name === 'content-type') ? [] : ['content-type', 'application/grpc']),
      'te',
      'trailers',
      ...headers.flat(),
    ]);
    const answer: Record<string, unknown> = {};
    stream.on('response', received => Object.assign(answer, received));
    stream.on('trailers', received => Object.assign(answer, received));
    stream.on('error', reject);
    stream.on('close', () => {
      session.close();
      resolve(answer);
    });
    stream.resume();
    if (body) stream.end(body);
  });
}
