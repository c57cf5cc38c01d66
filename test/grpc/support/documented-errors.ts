import { readFileSync } from 'node:fs';
import { fromBinary } from '@bufbuild/protobuf';
import { type FileDescriptorProto, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { ErrorReason } from '../../../gen/ts/whatsapp/privacy/v1/errors.js';

/** An error that the comments in `proto` give to a method. */
export type DocumentedError = {
  /** `PrivacyService/GetPrivacySettings` */
  readonly method: string;
  /** `NOT_FOUND` */
  readonly code: string;
  /** `INSTANCE_NOT_FOUND` */
  readonly reason: string;
  /** Whether it is among those of every method of the service. */
  readonly isCommon: boolean;
};

type Entry = { readonly code: string; readonly reason: string };

const DESCRIPTORS = new URL('../../../gen/descriptor.binpb', import.meta.url);
/** The numbers of these fields in FileDescriptorProto, EnumDescriptorProto and ServiceDescriptorProto. */
const [ENUM, SERVICE, VALUE, METHOD] = [5, 6, 2, 2];

const files = fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)).file.filter(
  ({ name }) => name?.startsWith('whatsapp/'), // The vendored ones have other habits.
);

function commentAt({ name, sourceCodeInfo }: FileDescriptorProto, ...path: number[]): string {
  const place = sourceCodeInfo?.location.find(one => one.path.join() === path.join());
  if (!place?.leadingComments) throw new Error(`no comment in ${name} at ${path.join()}`);
  return place.leadingComments.replaceAll(/^ /gm, '');
}

/** What stands in a list like `- NOT_FOUND: INSTANCE_NOT_FOUND, TOKEN_NOT_FOUND; some prose`, up to an empty line. */
function entriesOf(list: string): Entry[] {
  return list
    .split(/^- /m)
    .slice(1)
    .flatMap(item => {
      const [code = '', rest = ''] = item.split(/:(.*)/s);
      const reasons = [...rest.matchAll(/\b[A-Z]{2,}(?:_[A-Z]+)*\b/g)].map(([word]) => word);
      for (const reason of reasons)
        if (!(reason in ErrorReason))
          throw new Error(`the comments give ${code} the unknown reason ${reason}`);
      return reasons.map(reason => ({ code, reason }));
    });
}

/** The list under a heading of a comment; undefined where there is no such heading. */
const listUnder = (heading: string, comment: string) =>
  new RegExp(`^${heading}:(.*?)(?:\\n\\n|$(?![\\s\\S]))`, 'ms').exec(comment)?.[1];

function errorsOf(file: FileDescriptorProto): DocumentedError[] {
  return file.service.flatMap((service, at) => {
    const common = entriesOf(listUnder('Errors of every method', commentAt(file, SERVICE, at)) ?? '');
    if (common.length === 0) throw new Error(`the comment of ${service.name} lists no errors`);
    const lists = new Map(
      service.method.map(({ name }, index) => [
        name ?? '',
        listUnder('Errors', commentAt(file, SERVICE, at, METHOD, index)),
      ]),
    );
    const ownOf = (name = ''): Entry[] => {
      const list = lists.get(name);
      if (list === undefined) throw new Error(`the comment of ${service.name}.${name} names no errors`);
      const other = /^ those of (\w+( \w+)*)\.\s*$/.exec(list)?.[1];
      if (other === 'every method') return [];
      const own = other === undefined ? entriesOf(list) : ownOf(other);
      if (own.length === 0) throw new Error(`the comment of ${service.name}.${name} lists no errors`);
      return own;
    };
    return service.method.flatMap(({ name }) => {
      const method = `${service.name}/${name}`;
      const isSaid = ({ code, reason }: Entry) =>
        common.some(one => one.code === code && one.reason === reason);
      return [
        ...common.map(entry => ({ method, ...entry, isCommon: true })),
        ...ownOf(name)
          .filter(entry => !isSaid(entry)) // Said again for what is special about it there.
          .map(entry => ({ method, ...entry, isCommon: false })),
      ];
    });
  });
}

/** Every error of every method. */
export const DOCUMENTED_ERRORS: readonly DocumentedError[] = files.flatMap(errorsOf);

/** What the contract says of each reason. */
export const REASON_COMMENTS: Readonly<Record<string, string>> = Object.fromEntries(
  files.flatMap(file =>
    file.enumType.flatMap(({ name, value }, at) =>
      name === 'ErrorReason'
        ? value.map((one, index) => [
            one.name?.replace('ERROR_REASON_', ''),
            commentAt(file, ENUM, at, VALUE, index),
          ])
        : [],
    ),
  ),
);
