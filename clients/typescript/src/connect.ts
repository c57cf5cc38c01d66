import { readFileSync } from 'node:fs';
import {
  type CallOptions,
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  InterceptingCall,
  type Interceptor,
  Metadata,
  type MethodDefinition,
} from '@grpc/grpc-js';

export type Options = {
  /** HOST:PORT of the service. */
  readonly server: string;
  readonly token: string;
  /** PEM. With it the connection is over TLS. */
  readonly caFile?: string | undefined;
  /** PEM, for mutual TLS. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
  /** JSON: which calls are repeated, and how calls are spread over servers. */
  readonly serviceConfig?: string | undefined;
};

export type Connection = ReturnType<typeof connect>;

/** One connection for every service: a method is a definition such as `PrivacyServiceService.getPrivacySettings`. */
export function connect(options: Options) {
  const client = new Client(options.server, channelCredentials(options), {
    interceptors: [bearer(options.token)],
    ...(options.serviceConfig && { 'grpc.service_config': options.serviceConfig }),
  });
  return {
    /** Calls a method that answers once; rejects with a ServiceError. */
    call: <Q, R>(
      { path, requestSerialize, responseDeserialize }: MethodDefinition<Q, R>,
      request: Q,
      callOptions: CallOptions = {},
    ) =>
      new Promise<R>((resolve, reject) => {
        const metadata = new Metadata();
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          metadata,
          callOptions,
          (error, answer) => (error ? reject(error) : resolve(answer as R)),
        );
      }),

    /** Calls a method that answers with a stream: `for await`, or `cancel()`. */
    stream: <Q, R>(
      { path, requestSerialize, responseDeserialize }: MethodDefinition<Q, R>,
      request: Q,
    ): ClientReadableStream<R> =>
      client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request),

    close: () => client.close(),
  };
}

function channelCredentials({ caFile, certFile, keyFile }: Options): ChannelCredentials {
  if (caFile === undefined) return credentials.createInsecure();
  const read = (path: string | undefined) => (path === undefined ? null : readFileSync(path));
  return credentials.createSsl(readFileSync(caFile), read(keyFile), read(certFile));
}

/** Credentials of calls would need TLS; an interceptor also does without, for a service on the same machine. */
const bearer =
  (token: string): Interceptor =>
  (options, nextCall) =>
    new InterceptingCall(nextCall(options), {
      start(metadata, listener, next) {
        metadata.set('authorization', `Bearer ${token}`);
        next(metadata, listener);
      },
    });
