import type { Any } from '../../../gen/ts/google/protobuf/any.js';
import { DETAIL_TYPES, isKnownType, statusOf, typeNameOf } from '../../client/details.js';
import { inSeconds } from '../terminal/duration.js';
import { toJson } from '../terminal/output.js';

/** The details of a failure in their JSON form, in the order sent; none when they are broken. */
export function detailsJson(failure: unknown): object[] {
  try {
    return statusOf(failure).details.map(detail => ({ '@type': detail.typeUrl, ...Object(jsonOf(detail)) }));
  } catch {
    return [];
  }
}

function jsonOf({ typeUrl, value }: Any): unknown {
  const name = typeNameOf(typeUrl);
  if (!isKnownType(name)) return { value: value.toString('base64') };
  if (name === 'google.rpc.RetryInfo') {
    const { retryDelay } = DETAIL_TYPES[name].decode(value); // ts-proto has no JSON form of a Duration
    return retryDelay ? { retryDelay: `${inSeconds(retryDelay)}s` } : {};
  }
  const type = DETAIL_TYPES[name] as { decode(bytes: Uint8Array): object; toJSON(message: object): unknown };
  return toJson(type, type.decode(value));
}
