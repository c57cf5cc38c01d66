import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import {
  type handleBidiStreamingCall,
  type Server,
  type ServerDuplexStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { slidingWindow } from '../../access/rate-limit.js';
import { clock } from '../../domain/time/clock.js';
import type { Strangers } from '../../observability/strangers.js';
import { peerOf } from '../peers/peer-address.js';

/** Made by `npm run generate`; the build puts it beside the compiled code in the same way. */
const DESCRIPTORS = new URL('../../../gen/descriptor.binpb', import.meta.url);
const PERIOD_MS = 60_000;
/** Addresses remembered; beyond, the longest silent one starts anew. */
const MOST_PEERS = 10_000;

/** Whether the caller may ask; rejects with the status to refuse with. */
export type MayAsk = (call: Stream) => Promise<void>;

type Stream = ServerDuplexStream<unknown, unknown>;
type Handler = handleBidiStreamingCall<unknown, unknown>;

const TOO_MANY = {
  code: status.RESOURCE_EXHAUSTED,
  details: 'Too many reflection questions in a minute',
};

let reflection: ReflectionService | undefined;

/**
 * Server reflection, with which buf curl and grpcurl need no proto files. An answer is up to 1,800 times the size of
 * its question, so that an address may ask only so many a minute.
 *
 * @param mayAsk Undefined where everybody may.
 */
export function addReflection(
  server: Server,
  questionsPerMinute: number,
  mayAsk: MayAsk | undefined,
  strangers: Strangers,
): void {
  const window = slidingWindow({ limit: questionsPerMinute, periodMs: PERIOD_MS, maxKeys: MOST_PEERS });
  reflection ??= reflectionService();
  reflection.addToServer({
    addService: (definition, methods) => {
      const handlers = Object.entries(methods).map(([name, method]) => [name, bounded(method as Handler)]);
      server.addService(definition, Object.fromEntries(handlers));
    },
  } as Server);

  function bounded(handle: Handler): Handler {
    return stream => {
      const peer = peerOf(stream);
      const refuse = (refusal: Partial<ServiceError>) => {
        strangers.seen('reflection_refused', peer);
        end(stream, refusal);
      };
      const isTaken = () => {
        if (!mayAsk) strangers.seen('reflection', peer);
        const { allowed } = window.take(peer, clock());
        if (!allowed) refuse(TOO_MANY);
        return allowed;
      };
      // All that the implementation does with a stream; a write to one that was ended would leave it without a status.
      const begin = () =>
        handle({
          on: (event: string, listener: (question?: unknown) => void) =>
            stream.on(event, (question?: unknown) => {
              if (event !== 'data' || isTaken()) listener(question);
            }),
          write: (answer: unknown) => stream.write(answer),
          end: () => stream.end(),
        } as unknown as Stream);
      if (mayAsk) mayAsk(stream).then(begin, refuse);
      else begin();
    };
  }
}

/** Ends it with this status; what else is asked on it is not read. */
function end(stream: Stream, refusal: Partial<ServiceError>): void {
  stream.removeAllListeners('data').pause();
  stream.emit('error', refusal);
}

function reflectionService(): ReflectionService {
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS));
  const fileDescriptorProtos = file.map(one => Buffer.from(toBinary(FileDescriptorProtoSchema, one)));
  // It reads `fileDescriptorProtos` of whatever it is given; its type asks for proto-loader's whole definitions.
  const definition = { '': { fileDescriptorProtos } } as unknown as ConstructorParameters<
    typeof ReflectionService
  >[0];
  return new ReflectionService(definition);
}
