import type { CallPart, PasskeyWait } from '../../domain/errors.js';

/** The codes are those of gRPC's own list, doc/statuscodes.md of its repository. */
export const MALFORMED: Readonly<Record<CallPart, string>> = {
  TIMEOUT: 'grpc-timeout is not 1 to 8 digits and a unit',
  MESSAGE_ENCODING: 'The message is compressed in a way that this service does not know',
  MESSAGE: 'The message cannot be decompressed or read',
  MESSAGE_COUNT: 'The method takes exactly one message, and another number of them came',
};

/** What did not come while linking with a passkey. */
export const LATE: Readonly<Record<PasskeyWait, string>> = {
  ASSERTION: 'Nobody answered with the passkey in time',
  CONFIRMATION: 'Nobody confirmed the code in time',
  PHONE: 'The phone did not go on after the passkey was answered',
};
