import type { MethodDefinition, ServiceDefinition } from '@grpc/grpc-js';
import { inputOf } from '../../contract/descriptors.js';
import { unknownFields } from '../messages/unknown-fields.js';
import { METHODS } from '../method-table.js';

/** Stands for a request whose bytes are not a message of the method. */
export const MALFORMED = Symbol('malformed');

/** Kept beside the requests, which have no place for them. */
const unknown = new WeakMap<object, readonly string[]>();

/** The paths of the fields that came with a request that changes something and that this service does not know. */
export const unknownFieldsOf = (request: unknown): readonly string[] => unknown.get(request as object) ?? [];

/** The same of the requests as they came. */
const came = new WeakMap<object, Buffer>();

/** A request as it came, where that is kept. */
export const bytesOf = (request: unknown): Buffer | undefined => came.get(request as object);

/**
 * The definition for a node whose calls go on to others, or come from them: requests are kept as they came, and answers
 * that came from another node leave as they are, with what is new in them.
 */
export const passingBytes = <Definition extends ServiceDefinition>(definition: Definition): Definition =>
  Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: keeping(method), responseSerialize: raw(method) },
    ]),
  ) as Definition;

const keeping =
  ({ requestDeserialize }: MethodDefinition<object, unknown>) =>
  (bytes: Buffer): unknown => {
    const request = requestDeserialize(bytes);
    if (typeof request === 'object') came.set(request, bytes);
    return request;
  };

const raw =
  ({ responseSerialize }: MethodDefinition<unknown, unknown>) =>
  (response: unknown): Buffer =>
    Buffer.isBuffer(response) ? response : responseSerialize(response);

/**
 * The definition with requests that never fail to parse: grpc-js would answer INTERNAL below the interceptors, without
 * details. Of requests that change something it is kept what decoding loses.
 */
export const readingRequests = <Definition extends ServiceDefinition>(definition: Definition): Definition =>
  Object.fromEntries(
    Object.entries(definition).map(([name, method]) => [
      name,
      { ...method, requestDeserialize: tolerant(method) },
    ]),
  ) as Definition;

function tolerant({ path, requestDeserialize }: MethodDefinition<object, unknown>) {
  const changes = METHODS.get(path)?.permit.access === 'READ_WRITE';
  return (bytes: Buffer): unknown => {
    const type = changes ? inputOf(path) : undefined;
    try {
      const request = requestDeserialize(bytes);
      const lost = type ? unknownFields(bytes, type) : [];
      if (lost.length > 0) unknown.set(request, lost);
      return request;
    } catch {
      return MALFORMED;
    }
  };
}
