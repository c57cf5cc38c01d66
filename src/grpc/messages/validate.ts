import type { Duration } from '../../../gen/ts/google/protobuf/duration.js';
import { nameOf, namesOf } from '../../contract/enum-names.js';
import { decodeValue, fieldPath, valuesInOrder } from '../../contract/setting-enums.js';
import { PrivacyError, type Violation, type ViolationReason } from '../../domain/errors.js';
import { INSTANCE_NAME } from '../../domain/instance.js';
import { isPhoneNumber } from '../../domain/settings/contact-list.js';
import { camelCase, specOf } from '../../domain/settings/settings-table.js';
import { decodeDuration, type SettingGroups, sentSettings } from './codec.js';
import { QUOTED, truncate } from './truncate.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LONGEST_LABEL = 63;
const NANOS = 1_000_000_000;
/** 10,000 years, the longest that google.protobuf.Duration allows. */
const LONGEST_SECONDS = 315_576_000_000n;
/** The last moment that google.protobuf.Timestamp allows. */
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

/** Refuses a request with everything that is wrong with it; passes when nothing is. */
export function refuse(...found: Violation[][]): void {
  const violations = found.flat();
  if (violations.length === 0) return;
  const onlyReadOnly = violations.every(({ reason }) => reason === 'READ_ONLY');
  throw new PrivacyError({ kind: onlyReadOnly ? 'SETTING_READ_ONLY' : 'INVALID_REQUEST', violations });
}

export const violation = (field: string, reason: ViolationReason, description: string): Violation[] => [
  { field, reason, description },
];

/** The origin's sentence for a value without a name; `name` is the field's as the origin writes it. */
function unknownValue(field: string, name: string, number: number, valid: readonly string[]): Violation[] {
  const value = truncate(String(number), QUOTED);
  const validValues = valid.join(', ');
  const description = `Invalid ${name} value: ${value}. Valid values: ${validValues}`;
  return [{ field, reason: 'UNKNOWN_VALUE', description, value, validValues }];
}

/** Each setting sent must be writable and have a named value; one must be sent. In the order of the table. */
export function settings(groups: SettingGroups): Violation[] {
  const sent = sentSettings(groups);
  if (sent.length === 0) return violation('', 'REQUIRED', 'At least one privacy setting must be provided');
  return sent.flatMap(({ setting, number }): Violation[] => {
    const field = fieldPath(setting);
    const name = camelCase(setting);
    if (specOf(setting).access === 'read_only') {
      const description = `${name} cannot be changed through this service`;
      return [{ field, reason: 'READ_ONLY', description, setting }];
    }
    if (decodeValue(setting, number) !== undefined) return [];
    return unknownValue(field, name, number, valuesInOrder(setting));
  });
}

/** A number of an enum whose zero means a default. */
export function optionalEnum(field: string, members: object, number: number): Violation[] {
  if (number === 0 || nameOf(members, number) !== undefined) return [];
  const name = field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return unknownValue(field, name, number, namesOf(members));
}

/** A number of an enum whose zero is refused. */
export const requiredEnum = (field: string, members: object, number: number): Violation[] =>
  number === 0
    ? required(field, undefined, namesOf(members).join(' or '))
    : optionalEnum(field, members, number);

export function instanceName(field: string, name: string): Violation[] {
  if (name === '') return violation(field, 'REQUIRED', `${field} is required`);
  if (INSTANCE_NAME.test(name)) return [];
  const rule = '1 to 63 of a-z, 0-9 and hyphen, starting with a letter or digit';
  return violation(field, 'INVALID_FORMAT', `${field} must be ${rule}`);
}

/** Different names, so many of them. */
export function instanceNames(
  field: string,
  names: readonly string[],
  { least, most }: { least: number; most: number },
): Violation[] {
  if (names.length < least) return violation(field, 'REQUIRED', `${field} must name an instance`);
  if (names.length > most)
    return violation(field, 'OUT_OF_RANGE', `${field} must name at most ${most} instances`);
  return names.flatMap((name, index) => {
    const place = `${field}[${index}]`;
    const first = names.indexOf(name);
    if (first < index)
      return violation(place, 'DUPLICATE', `${place} names the same instance as ${field}[${first}]`);
    return instanceName(place, name);
  });
}

/** The rule for fields that may be empty. */
export const unlessEmpty = (text: string, violations: (text: string) => Violation[]): Violation[] =>
  text === '' ? [] : violations(text);

export const requestId = (id: string): Violation[] =>
  UUID.test(id) ? [] : violation('request_id', 'INVALID_FORMAT', 'request_id must be a UUID');

export const phoneNumber = (field: string, number: string): Violation[] => {
  if (number === '') return violation(field, 'REQUIRED', `${field} is required`);
  return isPhoneNumber(number)
    ? []
    : violation(field, 'INVALID_FORMAT', `${field} must be in E.164, for example +15550100123`);
};

/** Free text: at most 63 code points, and nothing that would garble a terminal or a database. */
export function label(field: string, text: string): Violation[] {
  if (Array.from(text).length > LONGEST_LABEL)
    return violation(field, 'OUT_OF_RANGE', `${field} must have at most ${LONGEST_LABEL} characters`);
  return /\p{Cc}/u.test(text)
    ? violation(field, 'INVALID_FORMAT', `${field} must not contain control characters`)
    : [];
}

export const pageSize = (size: number): Violation[] =>
  size < 0 ? violation('page_size', 'OUT_OF_RANGE', 'page_size must not be negative') : [];

/** `decoded` is undefined for a token that this service did not make. */
export const pageToken = (decoded: string | undefined): Violation[] =>
  decoded === undefined
    ? violation('page_token', 'INVALID_FORMAT', 'page_token must be the next_page_token of another page')
    : [];

/** A span of time that is not negative and that Duration allows. */
export function duration(field: string, span: Duration | undefined): Violation[] {
  if (!span) return [];
  const { seconds, nanos } = span;
  if (seconds >= 0n && seconds <= LONGEST_SECONDS && nanos >= 0 && nanos < NANOS) return [];
  return violation(field, 'OUT_OF_RANGE', `${field} must be a duration that is not negative`);
}

/** A span of time within limits, which are allowed; `inWords` is what they come to. */
export function durationWithin(
  field: string,
  span: Duration | undefined,
  { leastMs, mostMs, inWords }: { leastMs: number; mostMs: number; inWords: string },
): Violation[] {
  const malformed = duration(field, span);
  if (!span || malformed.length > 0) return malformed;
  const ms = decodeDuration(span);
  if (ms >= leastMs && ms <= mostMs) return [];
  return violation(field, 'OUT_OF_RANGE', `${field} must be ${inWords}`);
}

/** A moment after `now`, in epoch milliseconds, that Timestamp allows. */
export function future(field: string, time: Date | undefined, now: number): Violation[] {
  if (!time || (time.getTime() > now && time.getTime() <= LAST_TIME)) return [];
  return violation(field, 'OUT_OF_RANGE', `${field} must be in the future, and before the year 10000`);
}

export const notEmpty = (field: string, text: string): Violation[] =>
  text === '' ? violation(field, 'REQUIRED', `${field} is required`) : [];

export const absent = (field: string, text: string, why: string): Violation[] =>
  text === '' ? [] : violation(field, 'CONFLICTING', `${field} must be empty: ${why}`);

export const required = (field: string, value: unknown, choices: string): Violation[] =>
  value === undefined ? violation(field, 'REQUIRED', `${field} is required: ${choices}`) : [];
