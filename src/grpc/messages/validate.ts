import type { Duration } from '../../../gen/ts/google/protobuf/duration.js';
import { type NamesOf, nameOf, namesOf } from '../../contract/enum-names.js';
import { decodeWish, enumNamesInOrder, fieldPath, valuesInOrder } from '../../contract/setting-enums.js';
import { LONGEST_DISPLAY_NAME, LONGEST_PROXY, LONGEST_SUBJECT } from '../../contract/sizes.js';
import { INSTANCE_NAME } from '../../domain/instance.js';
import { proxyMistake } from '../../domain/proxy.js';
import { isPhoneNumber } from '../../domain/settings/contact-list.js';
import { camelCase, type Setting, specOf, type Value } from '../../domain/settings/settings-table.js';
import type { Wishes } from '../../domain/settings/snapshot.js';
import { type Checked, every, KEPT, together, valid, violation, type Wrong } from './checked.js';
import { decodeDuration, type SettingGroups, sentSettings } from './codec.js';
import { QUOTED, truncate } from './truncate.js';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const NANOS = 1_000_000_000;
/** 10,000 years, the longest that google.protobuf.Duration allows. */
const LONGEST_SECONDS = 315_576_000_000n;
/** The first and the last moment that google.protobuf.Timestamp allows. */
const FIRST_TIME = Date.parse('0001-01-01T00:00:00Z');
const LAST_TIME = Date.parse('9999-12-31T23:59:59.999Z');

/** The origin's sentence for a value without a name; `name` is the field's as the origin writes it. */
function unknownValue(
  field: string,
  name: string,
  number: number,
  named: readonly string[],
  enumNames: readonly string[],
): Wrong {
  const value = truncate(String(number), QUOTED);
  const validValues = named.join(', ');
  const description = `Invalid ${name} value: ${value}. Valid values: ${validValues}`;
  const validEnumValues = enumNames.join(', ');
  return {
    violations: [{ field, reason: 'UNKNOWN_VALUE', description, value, validValues, validEnumValues }],
  };
}

/** Each setting sent must be writable and have a named value; one must be sent. In the order of the table. */
export function settings(groups: SettingGroups): Checked<Wishes> {
  const sent = sentSettings(groups);
  if (sent.length === 0) return violation('', 'REQUIRED', 'At least one privacy setting must be provided');
  // Each value is one of its own setting's, which TypeScript does not follow.
  return together<Wishes>(Object.fromEntries(sent.map(one => [one.setting, wish(one)])));
}

function wish({ setting, number }: { setting: Setting; number: number }): Checked<Value> {
  const field = fieldPath(setting);
  const name = camelCase(setting);
  if (specOf(setting).access === 'read_only') {
    const description = `${name} cannot be changed through this service`;
    return { violations: [{ field, reason: 'READ_ONLY', description, setting }] };
  }
  const value = decodeWish(setting, number);
  if (value !== undefined) return valid(value);
  return unknownValue(field, name, number, valuesInOrder(setting), enumNamesInOrder(setting));
}

/** How JSON writes a member of an enum: `KIND_ACCOUNT`. */
type ToJson<Enum> = (member: Enum[keyof Enum]) => string;

/** The name of a number of an enum whose zero is refused. */
export function requiredEnum<Enum extends object>(
  field: string,
  members: Enum,
  toJson: ToJson<Enum>,
  number: number,
): Checked<NamesOf<Enum>> {
  const name = nameOf(members, number);
  return name === undefined ? unnamed(field, members, toJson, number) : valid(name);
}

/** Refuses a number that has no name in its enum, or whose name is UNSPECIFIED. */
export function unnamed<Enum extends object>(
  field: string,
  members: Enum,
  toJson: ToJson<Enum>,
  number: number,
): Wrong {
  const names = namesOf(members);
  const enumNames = names.map(name => toJson(members[name]));
  if (number === 0) return required(field, names.join(' or '), enumNames);
  const name = field.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return unknownValue(field, name, number, names, enumNames);
}

/** The name of a number of an enum; undefined for zero, which means a default. */
export const optionalEnum = <Enum extends object>(
  field: string,
  members: Enum,
  toJson: ToJson<Enum>,
  number: number,
): Checked<NamesOf<Enum> | undefined> => (number === 0 ? KEPT : requiredEnum(field, members, toJson, number));

export function instanceName(field: string, name: string): Checked<string> {
  if (name === '') return violation(field, 'REQUIRED', `${field} is required`);
  if (INSTANCE_NAME.test(name)) return valid(name);
  const rule = '1 to 63 of a-z, 0-9 and hyphen, starting with a letter or digit';
  return violation(field, 'INVALID_FORMAT', `${field} must be ${rule}`);
}

/** Different names, so many of them. */
export function instanceNames(
  field: string,
  names: readonly string[],
  { least, most }: { least: number; most: number },
): Checked<readonly string[]> {
  if (names.length < least) return violation(field, 'REQUIRED', `${field} must name an instance`);
  if (names.length > most)
    return violation(field, 'OUT_OF_RANGE', `${field} must name at most ${most} instances`);
  const checked = names.map((name, index) => {
    const place = `${field}[${index}]`;
    const first = names.indexOf(name);
    if (first < index)
      return violation(place, 'DUPLICATE', `${place} names the same instance as ${field}[${first}]`);
    return instanceName(place, name);
  });
  return every(checked);
}

/** The rule for fields that may be empty. */
export const unlessEmpty = (text: string, check: (text: string) => Checked<string>): Checked<string> =>
  text === '' ? valid(text) : check(text);

export const requestId = (id: string): Checked<string> =>
  UUID.test(id) ? valid(id) : violation('request_id', 'INVALID_FORMAT', 'request_id must be a UUID');

export const requiredRequestId = (id: string): Checked<string> =>
  id === '' ? violation('request_id', 'REQUIRED', 'request_id is required') : requestId(id);

export const phoneNumber = (field: string, number: string): Checked<string> => {
  if (number === '') return violation(field, 'REQUIRED', `${field} is required`);
  return isPhoneNumber(number)
    ? valid(number)
    : violation(field, 'INVALID_FORMAT', `${field} must be in E.164, for example +15550100123`);
};

/** Control and format characters, of which those that turn the direction around can show another text; line ends. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** The joiner that makes one picture of two. */
const JOINS_EMOJI =
  /(?<=\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)\u200D(?=\p{Extended_Pictographic})/gu;

/** Free text: at most 63 code points, and nothing that would garble a terminal or pass for another text. */
export function displayName(field: string, text: string): Checked<string> {
  if (Array.from(text).length > LONGEST_DISPLAY_NAME)
    return violation(field, 'OUT_OF_RANGE', `${field} must have at most ${LONGEST_DISPLAY_NAME} characters`);
  return UNSEEN.test(text.replace(JOINS_EMOJI, ''))
    ? violation(field, 'INVALID_FORMAT', `${field} must not contain control or invisible characters`)
    : valid(text);
}

/** A name in a certificate; undefined for none. */
export function certificateSubject(text: string): Checked<string | undefined> {
  const field = 'certificate_subject';
  if (text === '') return valid(undefined);
  if (Array.from(text).length > LONGEST_SUBJECT)
    return violation(field, 'OUT_OF_RANGE', `${field} must have at most ${LONGEST_SUBJECT} characters`);
  return UNSEEN.test(text)
    ? violation(field, 'INVALID_FORMAT', `${field} must not contain control or invisible characters`)
    : valid(text);
}

/** Undefined for none. What is wrong is told without quoting it, for it may hold a password. */
export function proxy(text: string): Checked<string | undefined> {
  if (text === '') return valid(undefined);
  if (text.length > LONGEST_PROXY)
    return violation('proxy', 'OUT_OF_RANGE', `proxy must have at most ${LONGEST_PROXY} characters`);
  const mistake = proxyMistake(text);
  return mistake === undefined ? valid(text) : violation('proxy', 'INVALID_FORMAT', `proxy ${mistake}`);
}

/** How many entries a page has. */
/** A span of time in milliseconds, that is not negative and that Duration allows. */
export function duration(field: string, span: Duration | undefined): Checked<number | undefined> {
  if (!span) return KEPT;
  const { seconds, nanos } = span;
  if (seconds >= 0n && seconds <= LONGEST_SECONDS && nanos >= 0 && nanos < NANOS)
    return valid(decodeDuration(span));
  return violation(field, 'OUT_OF_RANGE', `${field} must be a duration that is not negative`);
}

/** A span of time within limits, which are allowed; `inWords` is what they come to. */
export function durationWithin(
  field: string,
  span: Duration | undefined,
  { leastMs, mostMs, inWords }: { leastMs: number; mostMs: number; inWords: string },
): Checked<number | undefined> {
  const checked = duration(field, span);
  if (checked.violations || checked.value === undefined) return checked;
  if (checked.value >= leastMs && checked.value <= mostMs) return checked;
  return violation(field, 'OUT_OF_RANGE', `${field} must be ${inWords}`);
}

/** A moment that Timestamp allows. */
export function time(field: string, moment: Date | undefined): Checked<Date | undefined> {
  if (!moment || (moment.getTime() >= FIRST_TIME && moment.getTime() <= LAST_TIME)) return valid(moment);
  return violation(field, 'OUT_OF_RANGE', `${field} must be in the years 1 to 9999`);
}

/** A moment after `now`, in epoch milliseconds, that Timestamp allows. */
export function future(field: string, time: Date | undefined, now: number): Checked<Date | undefined> {
  if (!time || (time.getTime() > now && time.getTime() <= LAST_TIME)) return valid(time);
  return violation(field, 'OUT_OF_RANGE', `${field} must be in the future, and before the year 10000`);
}

export const notEmpty = (field: string, text: string): Checked<string> =>
  text === '' ? violation(field, 'REQUIRED', `${field} is required`) : valid(text);

export const absent = (field: string, text: string, why: string): Checked<undefined> =>
  text === '' ? KEPT : violation(field, 'CONFLICTING', `${field} must be empty: ${why}`);

export const required = (field: string, choices: string, enumNames?: readonly string[]): Wrong => ({
  violations: [
    {
      field,
      reason: 'REQUIRED',
      description: `${field} is required: ${choices}`,
      ...(enumNames && { validEnumValues: enumNames.join(', ') }),
    },
  ],
});
