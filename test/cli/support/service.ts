import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceError,
  type status,
  type UntypedHandleCall,
} from '@grpc/grpc-js';
import { Status } from '../../../gen/ts/google/rpc/status.js';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService } from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { TokenServiceService } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';

const SERVICES = [InstanceServiceService, PrivacyServiceService, TokenServiceService, NodeServiceService];
const METHODS = {
  ...InstanceServiceService,
  ...PrivacyServiceService,
  ...TokenServiceService,
  ...NodeServiceService,
};
type Methods = typeof METHODS;
type Request<M extends keyof Methods> = ReturnType<Methods[M]['requestDeserialize']>;
type Response<M extends keyof Methods> = ReturnType<Methods[M]['responseDeserialize']>;

/** What a test's service answers, by method; a `failure` is thrown. */
export type Answers = {
  [M in Exclude<keyof Methods, Streaming>]?: (request: Request<M>) => Response<M>;
} & {
  [M in Streaming]?: (request: Request<M>) => Generator<Response<M>>;
};
type Streaming = 'linkInstance' | 'applyPrivacySettings' | 'watchPrivacySettings' | 'downloadBackup';

/** One call that arrived. */
export type Arrived = { readonly method: string; readonly request: unknown; readonly metadata: Metadata };

/** A failure with details, as the contract has them. */
export function failure(
  code: status,
  message: string,
  details: readonly { typeUrl: string; value: Uint8Array }[] = [],
): Pick<ServiceError, 'code' | 'details' | 'metadata'> {
  const metadata = new Metadata();
  if (details.length > 0) {
    const encoded = details.map(({ typeUrl, value }) => ({ typeUrl, value: Buffer.from(value) }));
    const bytes = Status.encode({ code, message, details: encoded }).finish();
    metadata.set('grpc-status-details-bin', Buffer.from(bytes));
  }
  return { code, details: message, metadata };
}

/** One detail of a status. */
export const detail = <T>(
  name: string,
  type: { encode(message: T): { finish(): Uint8Array } },
  message: T,
) => ({ typeUrl: `type.googleapis.com/${name}`, value: type.encode(message).finish() });

/** A real gRPC server with these answers; methods without one are unimplemented. */
export async function startService(answers: Answers, credentials = ServerCredentials.createInsecure()) {
  const calls: Arrived[] = [];
  const server = new Server();
  for (const service of SERVICES) server.addService(service, handlersOf(service, answers, calls));
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => (error ? reject(error) : resolve(bound))),
  );
  return { address: `127.0.0.1:${port}`, calls, stop: () => server.forceShutdown() };
}

function handlersOf(
  definition: object,
  answers: Answers,
  calls: Arrived[],
): Record<string, UntypedHandleCall> {
  const named = Object.entries(answers).filter(([method]) => method in definition);
  return Object.fromEntries(
    named.map(([method, answer]) => {
      const respond = answer as (request: unknown) => unknown; // the types of Answers vouch for it
      const answered = ({ request, metadata }: { request: unknown; metadata: Metadata }) => {
        calls.push({ method, request, metadata });
        return respond(request);
      };
      return [
        method,
        METHODS[method as keyof Methods].responseStream ? streaming(answered) : unary(answered),
      ];
    }),
  );
}

type Answered = (call: { request: unknown; metadata: Metadata }) => unknown;

const unary =
  (answered: Answered): handleUnaryCall<unknown, unknown> =>
  (call, callback) => {
    try {
      callback(null, answered(call));
    } catch (error) {
      callback(error as Partial<ServiceError>);
    }
  };

const streaming =
  (answered: Answered): handleServerStreamingCall<unknown, unknown> =>
  call => {
    try {
      for (const message of answered(call) as Iterable<unknown>) call.write(message);
      call.end();
    } catch (error) {
      call.emit('error', error);
    }
  };
