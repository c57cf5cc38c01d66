import {
  createFileRegistry,
  type DescEnum,
  type DescEnumValue,
  type DescExtension,
  type DescField,
  type DescFile,
  type DescMessage,
  type DescMethod,
  type DescOneof,
  type DescService,
  fromBinary,
  ScalarType,
} from '@bufbuild/protobuf';
import {
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as Idempotency,
} from '@bufbuild/protobuf/wkt';
import { anchor, pageOf, reasonOf, shortName, type Words, withNested, wordsOf } from './words.ts';

const PACKAGE = 'whatsapp.privacy.v1';

/** The contract in Markdown, made from its descriptors: a page for each file, and one that leads to them. */
export function apiReference(descriptorSet: Uint8Array): Map<string, string> {
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  const files = [...registry.files]
    .filter(({ proto }) => proto.package === PACKAGE)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const words = wordsOf(files, registry);
  const pages = files.map(file => [pageOf(file), paged(fileParts(file, words))] as const);
  return new Map([['README.md', paged(indexParts(files, words))], ...pages]);
}

const paged = (parts: readonly string[]) =>
  `${parts
    .filter(Boolean)
    .join('\n\n')
    .replace(/\n{3,}/g, '\n\n')
    .trimEnd()}\n`;

function indexParts(files: readonly DescFile[], words: Words): string[] {
  const services = files.flatMap(file =>
    file.services.flatMap(service => [
      `## ${service.name}`,
      `${words.summaryOf(service)} [More](${pageOf(file)}#${service.name})`,
      `| method | |\n| --- | --- |\n${service.methods.map(method => methodRow(method, words)).join('\n')}`,
    ]),
  );
  const types = files.map(file => {
    const named = [...file.messages.flatMap(withNested), ...file.enums];
    return [
      `- [${pageOf(file)}](${pageOf(file)})`,
      ...named.map(({ typeName }) => `  ${words.link(typeName)}`),
    ].join('\n');
  });
  return [
    '# API reference',
    `Package \`${PACKAGE}\`, from the comments in its files by \`npm run generate\`. Why a call failed: ` +
      `${words.link(`${PACKAGE}.ErrorReason`)}. What may change here and what never does: ` +
      '[compatibility](../compatibility.md).',
    ...services,
    '## Messages and enums',
    types.join('\n'),
  ];
}

const methodId = ({ parent, name }: DescMethod) => `${parent.name}.${name}`;
const methodRow = (method: DescMethod, words: Words) =>
  `| [${method.name}](${pageOf(method.parent.file)}#${methodId(method)}) | ${words.summaryOf(method)} |`;

function fileParts(file: DescFile, words: Words): string[] {
  const headed = (heading: string, parts: string[]) => (parts.length > 0 ? [heading, ...parts] : []);
  return [
    `# ${file.name.slice(file.name.lastIndexOf('/') + 1)}.proto`,
    `[All of the API](README.md)`,
    ...file.services.flatMap(service => serviceParts(service, words)),
    ...headed(
      '## Options',
      file.extensions.flatMap(extension => extensionParts(extension, words)),
    ),
    ...headed(
      '## Messages',
      file.messages.flatMap(message => messageParts(message, words)),
    ),
    ...headed(
      '## Enums',
      file.enums.flatMap(type => enumParts(type, words)),
    ),
  ];
}

const serviceParts = (service: DescService, words: Words): string[] => [
  `## ${anchor(service.name)}${service.name}`,
  words.commentOf(service),
  ...service.methods.flatMap(method => [
    `### ${anchor(methodId(method))}${method.name}`,
    signature(method, words),
    words.commentOf(method),
  ]),
];

function signature({ input, output, methodKind, idempotency }: DescMethod, words: Words): string {
  const answers = `${methodKind === 'server_streaming' ? 'stream of ' : ''}${words.link(output.typeName)}`;
  const level = idempotency === Idempotency.IDEMPOTENCY_UNKNOWN ? '' : `, \`${Idempotency[idempotency]}\``;
  return `${words.link(input.typeName)} → ${answers}${level}`;
}

const extensionParts = (extension: DescExtension, words: Words): string[] => [
  `### ${anchor(extension.name)}${extension.name}`,
  `\`${extension.extendee.typeName}\`, number ${extension.number}, ${typeText(extension, words)}`,
  words.commentOf(extension),
];

function messageParts(message: DescMessage, words: Words): string[] {
  const members = message.members.flatMap(member =>
    member.kind === 'field' ? [fieldItem(member, words)] : [oneofItem(member, words)],
  );
  return [
    `### ${anchor(shortName(message.typeName))}${shortName(message.typeName)}`,
    words.commentOf(message),
    members.join('\n'),
    ...message.nestedMessages.flatMap(nested => messageParts(nested, words)),
    ...message.nestedEnums.flatMap(nested => enumParts(nested, words)),
  ];
}

const oneofItem = (oneof: DescOneof, words: Words) =>
  [
    item([`one of \`${oneof.name}\``], words.commentOf(oneof)),
    ...oneof.fields.map(field => indented(fieldItem(field, words))),
  ].join('\n');

const fieldItem = (field: DescField, words: Words) =>
  item(
    [
      `\`${field.name}\` = ${field.number}`,
      typeText(field, words),
      ...words.optionsOf(field),
      ...fate(field),
    ],
    words.commentOf(field),
  );

const enumParts = (type: DescEnum, words: Words): string[] => [
  `### ${anchor(shortName(type.typeName))}${shortName(type.typeName)}`,
  words.commentOf(type),
  type.values.map(value => valueItem(value, words)).join('\n'),
];

function valueItem(value: DescEnumValue, words: Words): string {
  const reason = reasonOf(value);
  const name = `${reason ? anchor(reason) : ''}\`${value.name}\` = ${value.number}`;
  return item([name, ...words.optionsOf(value), ...fate(value)], words.commentOf(value));
}

const fate = ({ deprecated }: { deprecated: boolean }) => (deprecated ? ['**deprecated**'] : []);

/** An item of a list, with what is said of it. */
const item = (head: readonly string[], comment: string) =>
  `- ${head.join(', ')}${comment ? `\n\n${indented(comment)}\n` : ''}`;
const indented = (text: string) => text.replace(/^(?=.)/gm, '  ');

/** The type of a field as the contract writes it. */
function typeText(field: DescField | DescExtension, words: Words): string {
  const type = field.message ?? field.enum;
  const single = type ? words.link(type.typeName) : scalarText(field.scalar);
  if (field.fieldKind === 'list') return `repeated ${single}`;
  if (field.fieldKind === 'map') return `map of ${scalarText(field.mapKey)} to ${single}`;
  return field.proto.proto3Optional ? `optional ${single}` : single;
}

const scalarText = (scalar: ScalarType | undefined) =>
  `\`${ScalarType[scalar ?? ScalarType.STRING].toLowerCase()}\``;
