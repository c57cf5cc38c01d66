import type { DescEnumValue, DescField, DescFile, DescMessage, FileRegistry } from '@bufbuild/protobuf';
import { getOption, hasOption } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';

/** What the pages say in the words of the contract. */
export type Words = {
  /** The comment of a descriptor, with links. */
  commentOf(described: Described): string;
  /** The first sentence of it. */
  summaryOf(described: Described): string;
  /** A type as a link to where it is described, or as code when that is elsewhere. */
  link(typeName: string): string;
  /** What the options of a field or a value tell callers. */
  optionsOf(described: DescField | DescEnumValue): string[];
};

type Described = { readonly proto: object };

/** The words of a contract: its files, with all that they import in the registry. */
export function wordsOf(files: readonly DescFile[], registry: FileRegistry): Words {
  const comments = new Map([...registry.files].flatMap(({ proto }) => commentsOf(proto)));
  const places = placesOf(files);
  const link = (typeName: string) => {
    const place = places.get(typeName);
    return place ? `[${shortName(typeName)}](${place})` : `\`${typeName}\``;
  };
  const commentOf = ({ proto }: Described) => toMarkdown(comments.get(proto) ?? '', places);
  return {
    link,
    commentOf,
    summaryOf: described => /^.*?\.(?=\s|$)/s.exec(commentOf(described))?.[0].replaceAll('\n', ' ') ?? '',
    optionsOf: described => optionsOf(described, registry),
  };
}

const PACKAGE = 'whatsapp.privacy.v1.';
const REASON = 'ERROR_REASON_';

/** The name of a type within the package: `SettingOutcome.State`. */
export const shortName = (typeName: string): string =>
  typeName.startsWith(PACKAGE) ? typeName.slice(PACKAGE.length) : typeName;

/** The page of a file. */
export const pageOf = ({ name }: DescFile): string => `${name.slice(name.lastIndexOf('/') + 1)}.md`;

/** Where links to a name lead; names stay, so that links from elsewhere do. */
export const anchor = (name: string): string => `<a id="${name}"></a>`;

/** A message and all that it holds. */
export const withNested = (message: DescMessage): DescMessage[] => [
  message,
  ...message.nestedMessages.flatMap(withNested),
];

/** The value of ErrorReason as `ErrorInfo.reason` has it; undefined for a value of another enum. */
export const reasonOf = ({ name, number }: DescEnumValue): string | undefined =>
  name.startsWith(REASON) && number > 0 ? name.slice(REASON.length) : undefined;

/** The places of all types by full name, and of the reasons of errors. */
function placesOf(files: readonly DescFile[]): Map<string, string> {
  const places = files.flatMap(file => {
    const messages = file.messages.flatMap(withNested);
    const enums = [...file.enums, ...messages.flatMap(({ nestedEnums }) => nestedEnums)];
    const types = [...file.services, ...messages, ...enums].map(({ typeName }) => [
      typeName,
      `${pageOf(file)}#${shortName(typeName)}`,
    ]);
    const reasons = enums.flatMap(({ values }) => values.map(reasonOf));
    return [...types, ...reasons.flatMap(reason => (reason ? [[reason, `${pageOf(file)}#${reason}`]] : []))];
  });
  return new Map(places as [string, string][]);
}

/** The comment before each part of a file. */
function commentsOf(file: FileDescriptorProto): [object, string][] {
  return (file.sourceCodeInfo?.location ?? []).flatMap(({ path, leadingComments }) => {
    const part = leadingComments ? partAt(file, path) : undefined;
    return typeof part === 'object' && part !== null ? [[part, leadingComments.replace(/^ /gm, '')]] : [];
  });
}

/** What a path of field numbers and indexes leads to. */
function partAt(file: FileDescriptorProto, path: readonly number[]): unknown {
  let part: unknown = file;
  let schema: DescMessage | undefined = FileDescriptorProtoSchema;
  for (let at = 0; at < path.length; at += 2) {
    const field: DescField | undefined = schema?.fields.find(({ number }) => number === path[at]);
    const index = path[at + 1];
    part = (part as Record<string, unknown>)[field?.localName ?? ''];
    if (index !== undefined) part = (part as unknown[])[index];
    schema = field?.message;
  }
  return part;
}

/** Indented blocks are JSON; outside of code, types and reasons become links. */
function toMarkdown(comment: string, places: ReadonlyMap<string, string>): string {
  const paragraphs = comment.trim().split(/\n\n+/);
  const parts = paragraphs.map(paragraph =>
    paragraph.startsWith('    ')
      ? `\`\`\`json\n${paragraph.replace(/^ {4}/gm, '')}\n\`\`\``
      : paragraph.replace(/`[^`]*`|\b[A-Z]\w+\b/g, word => {
          const place = places.get(word) ?? (isCompound(word) ? places.get(PACKAGE + word) : undefined);
          return place ? `[${word}](${place})` : word;
        }),
  );
  return parts.join('\n\n');
}

/** `Instance` is a word of the language too. */
const isCompound = (word: string) => /^[A-Z][a-z]+[A-Z]/.test(word);

function optionsOf(described: DescField | DescEnumValue, registry: FileRegistry): string[] {
  const { options } = described.proto;
  const told =
    described.kind === 'field'
      ? ['google.api.field_behavior', `${PACKAGE}wire_category`]
      : [`${PACKAGE}wire_value`];
  return told.flatMap(name => {
    const extension = registry.getExtension(name);
    if (!options || !extension || !hasOption(described, extension)) return [];
    const values = [getOption(described, extension)].flat();
    const nameOf = (value: unknown) => extension.enum?.values.find(({ number }) => number === value)?.name;
    return values.map(value => (extension.enum ? `\`${nameOf(value)}\`` : `wire word \`${String(value)}\``));
  });
}
