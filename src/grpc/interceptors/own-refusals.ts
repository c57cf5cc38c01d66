import { status } from '@grpc/grpc-js';
import { LARGEST_MESSAGE } from '../../contract/sizes.js';
import type { Problem } from '../../domain/errors.js';

/** What grpc-js refuses by itself, which only its words tell: server-interceptors.js and server.js of 1.14. */
const REFUSALS: readonly { code: status; words: RegExp; problem: Problem }[] = [
  {
    code: status.RESOURCE_EXHAUSTED,
    words: /^Received message (larger than|that decompresses to a size larger than)/,
    problem: { kind: 'MESSAGE_TOO_LARGE', maximumBytes: LARGEST_MESSAGE },
  },
  {
    code: status.UNIMPLEMENTED,
    words: /^Received message compressed with unsupported encoding/,
    problem: { kind: 'MALFORMED_CALL', part: 'MESSAGE_ENCODING' },
  },
  {
    code: status.UNIMPLEMENTED,
    words: /^Received (no|a second) request message/,
    problem: { kind: 'MALFORMED_CALL', part: 'MESSAGE_COUNT' },
  },
  {
    code: status.INTERNAL,
    words: /^(Failed to decompress message|Error deserializing request)/,
    problem: { kind: 'MALFORMED_CALL', part: 'MESSAGE' },
  },
  {
    code: status.INTERNAL,
    words: /^Invalid grpc-timeout value/,
    problem: { kind: 'MALFORMED_CALL', part: 'TIMEOUT' },
  },
  {
    code: status.DEADLINE_EXCEEDED,
    words: /^Deadline exceeded/,
    problem: { kind: 'DEADLINE_TOO_SHORT' },
  },
];

/** The problem behind a status that grpc-js has made by itself; undefined for any other. */
export const ownRefusal = (sent: { code: status; details: string }): Problem | undefined =>
  REFUSALS.find(({ code, words }) => code === sent.code && words.test(sent.details))?.problem;
