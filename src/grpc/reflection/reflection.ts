import {
  type handleBidiStreamingCall,
  type Server,
  type ServerDuplexStream,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import {
  type ServerReflectionRequest,
  type ServerReflectionResponse,
  ServerReflectionService,
} from '../../../gen/ts/grpc/reflection/v1/reflection.js';
import { slidingWindow } from '../../access/rate-limit.js';
import { descriptors } from '../../contract/descriptors.js';
import { clock } from '../../domain/time/clock.js';
import type { Strangers } from '../../observability/strangers.js';
import { peerOf } from '../peers/peer-address.js';
import { type Questions, questionsAbout } from './answer-question.js';

const PERIOD_MS = 60_000;
/** Addresses remembered; beyond, the longest silent one starts anew. */
const MOST_PEERS = 10_000;

/** Whether the caller may ask; rejects with the status to refuse with. */
export type MayAsk = (call: Stream) => Promise<void>;

type Stream = ServerDuplexStream<ServerReflectionRequest, ServerReflectionResponse>;
type Handler = handleBidiStreamingCall<ServerReflectionRequest, ServerReflectionResponse>;

const TOO_MANY = {
  code: status.RESOURCE_EXHAUSTED,
  details: 'Too many reflection questions in a minute',
};

/** What older clients ask for: another name, and the same messages. */
const V1_ALPHA = {
  serverReflectionInfo: {
    ...ServerReflectionService.serverReflectionInfo,
    path: '/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo',
  },
};

let questions: Questions | undefined;

/**
 * Server reflection, with which buf curl and grpcurl need no proto files. An answer is up to some thousand times the
 * size of its question, so that an address may ask only so many a minute.
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

  const serverReflectionInfo: Handler = stream => {
    const peer = peerOf(stream);
    const refuse = (refusal: Partial<ServiceError>) => {
      strangers.seen('reflection_refused', peer);
      end(stream, refusal);
    };
    const begin = () => {
      questions ??= questionsAbout(descriptors());
      const answer = questions.stream();
      stream.on('data', (question: ServerReflectionRequest) => {
        if (!mayAsk) strangers.seen('reflection', peer);
        if (window.take(peer, clock()).allowed) stream.write(answer(question));
        else refuse(TOO_MANY);
      });
      stream.on('end', () => stream.end());
    };
    if (mayAsk) mayAsk(stream).then(begin, refuse);
    else begin();
  };
  for (const definition of [ServerReflectionService, V1_ALPHA])
    server.addService(definition, { serverReflectionInfo });
}

/** Ends it with this status; what else is asked on it is not read. */
function end(stream: Stream, refusal: Partial<ServiceError>): void {
  stream.removeAllListeners('data').pause();
  stream.emit('error', refusal);
}
