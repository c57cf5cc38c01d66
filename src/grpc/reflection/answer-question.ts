import { type DescFile, type DescMessage, type FileRegistry, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../../gen/ts/grpc/reflection/v1/reflection.js';
import { filesOfSymbols } from './symbols.js';

type Answer = NonNullable<ServerReflectionResponse['messageResponse']>;

/** Answers the questions of one stream. */
export type AnswerQuestion = (question: ServerReflectionRequest) => ServerReflectionResponse;

/** What is asked of any stream. */
export type Questions = { readonly stream: () => AnswerQuestion };

/**
 * Answers questions about descriptors, with their bytes as the compiler made them: options included, which
 * `@grpc/reflection` loses (grpc-node issue 2773).
 */
export function questionsAbout(registry: FileRegistry): Questions {
  const files = filesOfSymbols(registry);
  const encoded = new Map<DescFile, Buffer>();

  function bytesOf(file: DescFile): Buffer {
    const bytes = encoded.get(file) ?? Buffer.from(toBinary(FileDescriptorProtoSchema, file.proto));
    encoded.set(file, bytes);
    return bytes;
  }

  function stream(): AnswerQuestion {
    const sent = new Set<DescFile>();

    /** The file that was asked for, and what it needs of what this stream has not brought. */
    function withImports(file: DescFile | undefined): Answer {
      if (!file) return notFound;
      const needed = [file, ...importsOf(file).filter(one => !sent.has(one))];
      for (const one of needed) sent.add(one);
      return { $case: 'fileDescriptorResponse', value: { fileDescriptorProto: needed.map(bytesOf) } };
    }

    function answer({ messageRequest: asked }: ServerReflectionRequest): Answer {
      switch (asked?.$case) {
        case 'listServices':
          return { $case: 'listServicesResponse', value: { service: servicesOf(registry) } };
        case 'fileByFilename':
          return withImports(registry.getFile(asked.value));
        case 'fileContainingSymbol':
          return withImports(files.get(asked.value));
        case 'fileContainingExtension': {
          const { containingType, extensionNumber } = asked.value;
          const extended = registry.getMessage(containingType);
          return withImports(extended && registry.getExtensionFor(extended, extensionNumber)?.file);
        }
        case 'allExtensionNumbersOfType': {
          const extended = registry.getMessage(asked.value);
          if (!extended) return notFound;
          const extensionNumber = extensionsOf(registry, extended);
          const value = { baseTypeName: asked.value, extensionNumber };
          return { $case: 'allExtensionNumbersResponse', value };
        }
        case undefined:
          return failure(status.INVALID_ARGUMENT, 'The request asks nothing that this version knows');
      }
    }

    return question => ({
      validHost: question.host,
      originalRequest: question,
      messageResponse: answer(question),
    });
  }

  return { stream };
}

const failure = (errorCode: status, errorMessage: string): Answer => ({
  $case: 'errorResponse',
  value: { errorCode, errorMessage },
});

const notFound = failure(status.NOT_FOUND, 'This service has no descriptor of that name');

/** All that a file needs, each once, and after all that needs it: from the last to the first they can be read. */
function importsOf(file: DescFile): DescFile[] {
  const found = new Set<DescFile>();
  const visit = (one: DescFile) => {
    for (const imported of one.dependencies) {
      if (found.has(imported)) continue;
      visit(imported);
      found.add(imported);
    }
  };
  visit(file);
  return [...found].reverse();
}

const servicesOf = (registry: FileRegistry): { name: string }[] =>
  [...registry].filter(type => type.kind === 'service').map(({ typeName }) => ({ name: typeName }));

const extensionsOf = (registry: FileRegistry, { typeName }: DescMessage): number[] =>
  [...registry]
    .filter(type => type.kind === 'extension')
    .filter(({ extendee }) => extendee.typeName === typeName)
    .map(({ number }) => number);
