import {
  type ChannelCredentials,
  Client,
  type ClientOptions,
  credentials,
  Metadata,
  type MethodDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { detailsOf, type StatusDetails } from '../../src/client/details.js';

/** How a call is made, where it is not as usual. */
export type CallOptions = {
  readonly metadata?: Metadata;
  /** Told to the service alone, whose answer counts: a client with the same deadline might end the call before it comes. */
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
};

/** A failed call, with its details read. */
export class CallError extends Error {
  readonly code: number;
  readonly details: StatusDetails;
  readonly metadata: Metadata;

  constructor(error: ServiceError) {
    super(error.details);
    this.code = error.code;
    this.metadata = error.metadata;
    this.details = detailsOf(error);
  }

  get reason() {
    return this.details['google.rpc.ErrorInfo']?.reason;
  }

  /** What the error says of a failed update: `LAST_SEEN FAILED`. */
  get update() {
    return this.details['whatsapp.privacy.v1.PrivacyUpdateFailure'];
  }
}

/** Otherwise all clients of an address share one connection. */
export const OWN_CONNECTION: ClientOptions = { 'grpc.use_local_subchannel_pool': 1 };

/** A client of every service at an address, on one connection. */
export type Caller = ReturnType<typeof caller>;

/** Opens a client; calls carry the token unless they bring metadata of their own. */
export function caller(
  address: string,
  token: string,
  options: ClientOptions = {},
  channel: ChannelCredentials = credentials.createInsecure(),
) {
  const client = new Client(address, channel, options);
  const sent = ({ metadata, deadlineMs }: CallOptions) => {
    const whole = metadata?.clone() ?? bearer(token);
    if (deadlineMs !== undefined) whole.set('grpc-timeout', `${deadlineMs}m`);
    return whole;
  };

  return {
    /** For calls of another kind. */
    client,

    /** Calls a method that answers once. Fields left out have their default. */
    call<Q extends object, R>(
      method: MethodDefinition<Q, R>,
      request: Partial<Q>,
      options: CallOptions = {},
    ): Promise<R> {
      return new Promise((resolve, reject) => {
        const whole = { ...method.requestDeserialize(Buffer.of()), ...request };
        const { path, requestSerialize, responseDeserialize } = method;
        const running = client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          whole,
          sent(options),
          (error, response) => (error ? reject(new CallError(error)) : resolve(response as R)),
        );
        options.signal?.addEventListener('abort', () => running.cancel());
      });
    },

    /** Calls a method that answers with a stream; leaving the loop cancels it. */
    async *stream<Q extends object, R>(
      method: MethodDefinition<Q, R>,
      request: Partial<Q>,
      options: CallOptions = {},
    ): AsyncGenerator<R> {
      const whole = { ...method.requestDeserialize(Buffer.of()), ...request };
      const { path, requestSerialize, responseDeserialize } = method;
      const running = client.makeServerStreamRequest(
        path,
        requestSerialize,
        responseDeserialize,
        whole,
        sent(options),
      );
      options.signal?.addEventListener('abort', () => running.cancel());
      try {
        for await (const message of running) yield message as R;
      } catch (error) {
        throw new CallError(error as ServiceError);
      } finally {
        running.cancel();
      }
    },

    close: () => client.close(),
  };
}

/** Metadata with a bearer token. */
export function bearer(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

/** The error a call ends with; fails when it succeeds. */
export async function failureOf(call: Promise<unknown>): Promise<CallError> {
  const error = await call.then(
    () => new Error('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (error instanceof CallError) return error;
  throw error;
}
