import { type ChannelCredentials, Client, Metadata, type ServiceError } from '@grpc/grpc-js';

/** A method as the generated service definitions have it. */
type Method<Q, R> = {
  readonly path: string;
  readonly requestSerialize: (request: Q) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => R;
};

/** The service as its commands call it. What fails rejects with a ServiceError. */
export type Api = {
  readonly address: string;
  /** Calls a unary method, within the timeout. */
  call<Q, R>(method: Method<Q, R>, request: Q): Promise<R>;
  /** Calls a server-streaming method, without a deadline. Leaving the iteration cancels the call, and so does the signal. */
  stream<Q, R>(method: Method<Q, R>, request: Q, signal?: AbortSignal): AsyncIterable<R>;
  close(): void;
};

/** A client of the service; it connects with the first call. */
export function connect(options: {
  address: string;
  credentials: ChannelCredentials;
  token: string;
  timeoutMs: number;
}): Api {
  const client = new Client(options.address, options.credentials, {
    // Who waits for the service to come back does not wait minutes more; grpc-js would, after some refusals.
    'grpc.max_reconnect_backoff_ms': 2_000,
  });
  const metadata = () => {
    const sent = new Metadata();
    sent.set('authorization', `Bearer ${options.token}`);
    return sent;
  };
  return {
    address: options.address,
    call: <Q, R>({ path, requestSerialize, responseDeserialize }: Method<Q, R>, request: Q) =>
      new Promise<R>((resolve, reject) => {
        const deadline = Date.now() + options.timeoutMs;
        const done = (error: ServiceError | null, response?: R) =>
          response === undefined ? reject(error) : resolve(response);
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata(),
          { deadline },
          done,
        );
      }),
    async *stream({ path, requestSerialize, responseDeserialize }, request, signal) {
      const call = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        metadata(),
      );
      const cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel);
      try {
        yield* call;
      } finally {
        signal?.removeEventListener('abort', cancel);
        call.cancel();
      }
    },
    close: () => client.close(),
  };
}

/** Whether this is how a call failed. */
export const isServiceError = (error: unknown): error is ServiceError =>
  error instanceof Error && 'code' in error && 'metadata' in error && error.metadata instanceof Metadata;
