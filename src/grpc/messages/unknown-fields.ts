import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** What the bytes of a field are expected to be. */
type Expected = {
  readonly name: string;
  readonly isList: boolean;
  readonly wireTypes: readonly WireType[];
  /** The message that they hold. */
  readonly inside?: () => Shape;
};

/** The fields of a message by their number. */
type Shape = ReadonlyMap<number, Expected>;

/**
 * The paths of the fields that a message of the type does not have, each once: `15`, `privacy.15`,
 * `entries_to_add[2].15`. One that came in another wire type is none of its fields either: decoders pass over both. Throws
 * for bytes that are no message.
 */
export function unknownFields(bytes: Uint8Array, message: DescMessage): readonly string[] {
  const found = new Set<string>();
  visit(bytes, shapeOf(message), '', found);
  return [...found];
}

function visit(bytes: Uint8Array, shape: Shape, path: string, found: Set<string>): void {
  const reader = new BinaryReader(bytes);
  const counts = new Map<number, number>();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const field = shape.get(number);
    if (!field?.wireTypes.includes(wireType)) {
      reader.skip(wireType, number);
      found.add(`${path}${number}`);
    } else if (field.inside) {
      const count = counts.get(number) ?? 0;
      counts.set(number, count + 1);
      visit(
        reader.bytes(),
        field.inside(),
        `${path}${field.name}${field.isList ? `[${count}]` : ''}.`,
        found,
      );
    } else {
      reader.skip(wireType, number);
    }
  }
}

const shapes = new WeakMap<DescMessage, Shape>();

function shapeOf(message: DescMessage): Shape {
  const known = shapes.get(message);
  if (known) return known;
  const shape = new Map(message.fields.map(field => [field.number, expected(field)]));
  shapes.set(message, shape);
  return shape;
}

function expected(field: DescField): Expected {
  const { name } = field;
  const one = { name, isList: field.fieldKind === 'list', wireTypes: [WireType.LengthDelimited] };
  if (field.fieldKind === 'map') return { ...one, isList: true, inside: () => entryOf(field) };
  const { message } = field;
  if (message) return { ...one, inside: () => shapeOf(message) };
  const wireType = wireTypeOf(field.scalar);
  // Numbers of a list may come packed.
  return { ...one, wireTypes: one.isList ? [wireType, WireType.LengthDelimited] : [wireType] };
}

/** A map is a list of such messages. */
function entryOf(field: DescField & { fieldKind: 'map' }): Shape {
  const { message } = field;
  const key = { name: 'key', isList: false, wireTypes: [wireTypeOf(field.mapKey)] };
  const value = message
    ? { wireTypes: [WireType.LengthDelimited], inside: () => shapeOf(message) }
    : { wireTypes: [wireTypeOf(field.scalar)] };
  return new Map([
    [1, key],
    [2, { name: 'value', isList: false, ...value }],
  ]);
}

/** Of a scalar, or of an enum, which has none. */
function wireTypeOf(scalar: ScalarType | undefined): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}
