import { create, type DescField, type DescMessage, type Message, toBinary } from '@bufbuild/protobuf';
import { reflect } from '@bufbuild/protobuf/reflect';
import { WireType } from '@bufbuild/protobuf/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inputOf } from '../../../src/contract/descriptors.js';
import { unknownFields } from '../../../src/grpc/messages/unknown-fields.js';
import { METHODS, shortName } from '../support/methods.js';

/** A message, and where in the request it is. */
type Part = { readonly path: string; readonly type: DescMessage; readonly message: Message };

/** Fills every field, so many times where it is a list, and gathers the messages that this makes. */
function fill(type: DescMessage, entries: number, choice: number, path = ''): Part[] {
  const message = create(type);
  const reflected = reflect(type, message);
  const parts: Part[] = [{ path, type, message }];
  const nested = (inner: DescMessage, place: string) => {
    const made = fill(inner, entries, choice, place);
    parts.push(...made);
    return reflect(inner, made[0]?.message);
  };
  const addEntry = (field: DescField & { fieldKind: 'list' | 'map' }, index: number) => {
    if (field.fieldKind === 'map') {
      if (field.mapKind === 'scalar') reflected.get(field).set(`key${index}`, anyValue(field.scalar));
    } else if (field.listKind === 'message') {
      reflected.get(field).add(nested(field.message, `${path}${field.name}[${index}].`));
    } else {
      reflected.get(field).add(field.listKind === 'enum' ? 1 : anyValue(field.scalar));
    }
  };
  for (const field of type.fields.filter(one => isChosen(one, choice))) {
    const { name } = field;
    if (field.fieldKind === 'message') reflected.set(field, nested(field.message, `${path}${name}.`));
    else if (field.fieldKind === 'scalar') reflected.set(field, anyValue(field.scalar));
    else if (field.fieldKind === 'enum') reflected.set(field, 1);
    else for (let index = 0; index < entries; index++) addEntry(field, index);
  }
  return parts;
}

/** Of the fields of which only one can be set: one. */
const isChosen = (field: DescField, choice: number) =>
  !field.oneof || field.oneof.fields[choice % field.oneof.fields.length] === field;

/** Of the scalars of protobuf: 9 is string, 12 bytes, 8 bool; 3, 4, 6, 16, 18 have 64 bits. */
const anyValue = (scalar: number) =>
  scalar === 9 ? 'x' : scalar === 12 ? new Uint8Array([1, 0xff]) : scalar === 8 ? true : numberOf(scalar);
const numberOf = (scalar: number) => ([3, 4, 6, 16, 18].includes(scalar) ? 300n : 300);

/** Data of an unknown field in each wire type; a group is what proto2 could send. */
const DATA: [WireType, number[]][] = [
  [WireType.Varint, [0x96, 0x01]],
  [WireType.Bit32, [1, 2, 3, 4]],
  [WireType.Bit64, [1, 2, 3, 4, 5, 6, 7, 8]],
  [WireType.LengthDelimited, [2, 0x08, 0x01]],
];

const shape = fc.record({
  type: fc.constantFrom(...METHODS.map(({ path }) => inputOf(path))),
  entries: fc.integer({ min: 1, max: 3 }),
  choice: fc.nat(5),
});

describe('any request of the contract', () => {
  test('has no unknown field by itself', () => {
    fc.assert(
      fc.property(shape, ({ type, entries, choice }) => {
        const [whole] = fill(type, entries, choice) as [Part];
        expect(unknownFields(toBinary(type, whole.message), type)).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  test('has one wherever one is added, whatever it holds, which its path and number name', () => {
    const added = fc.record({
      at: fc.nat(),
      number: fc.integer({ min: 1, max: 536_870_911 }),
      data: fc.nat(3),
    });
    fc.assert(
      fc.property(shape, added, ({ type, entries, choice }, { at, number, data }) => {
        const parts = fill(type, entries, choice);
        const part = parts[at % parts.length] as Part;
        fc.pre(!part.type.fields.some(field => field.number === number));
        const [wireType, bytes] = DATA[data] as (typeof DATA)[number];
        part.message.$unknown = [{ no: number, wireType, data: new Uint8Array(bytes) }];
        const found = unknownFields(toBinary(type, (parts[0] as Part).message), type);
        expect(found).toEqual([`${part.path}${number}`]);
      }),
      { numRuns: 2000 },
    );
  });
});

const update = inputOf('/whatsapp.privacy.v1.PrivacyService/UpdatePrivacySettings');

describe('an unknown field', () => {
  test('is named once, however often it comes', () => {
    expect(unknownFields(Buffer.from([0x78, 1, 0x78, 2, 0x12, 2, 0x78, 1]), update)).toEqual([
      '15',
      'visibility.15',
    ]);
  });

  test('may be a group', () => {
    expect(unknownFields(Buffer.from([0x7b, 0x08, 1, 0x7c]), update)).toEqual(['15']);
  });

  test('is one that comes in another wire type, which decoders pass over', () => {
    expect(unknownFields(Buffer.from([0x12, 3, 0x0a, 1, 4]), update)).toEqual(['visibility.1']);
  });
});

test.each([
  ['a tag cut off', [0xff]],
  ['a field cut off', [0x7a, 5, 1]],
  ['field number zero', [0x00, 1]],
  ['the end of a group that has not begun', [0x7c]],
])('%s is no message', (_, bytes) => {
  expect(() => unknownFields(Buffer.from(bytes), update)).toThrow();
});

test('all methods have descriptors', () => {
  for (const method of METHODS)
    expect([shortName(method), inputOf(method.path).name]).toEqual([
      shortName(method),
      `${method.path.split('/')[2]}Request`,
    ]);
});
