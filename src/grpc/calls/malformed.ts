import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';

/** Stands for a request whose bytes are not a message of the method. */
export const MALFORMED = Symbol('malformed');

/**
 * The definition with requests that never fail to parse: grpc-js would answer INTERNAL below the interceptors, without
 * details.
 */
export const acceptingMalformed = <Definition extends ServiceDefinition>(
  definition: Definition,
): Definition =>
  Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: tolerant(method) },
    ]),
  ) as Definition;

const tolerant =
  ({ requestDeserialize }: MethodDefinition<unknown, unknown>) =>
  (bytes: Buffer): unknown => {
    try {
      return requestDeserialize(bytes);
    } catch {
      return MALFORMED;
    }
  };
