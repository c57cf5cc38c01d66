import { readFileSync } from 'node:fs';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';

/** Made by `npm run generate`; the build puts it beside the compiled code in the same way. */
const DESCRIPTORS = new URL('../../../gen/descriptor.binpb', import.meta.url);

let reflection: ReflectionService | undefined;

/** Server reflection, with which buf curl and grpcurl need no proto files. */
export function addReflection(server: Server): void {
  reflection ??= reflectionService();
  reflection.addToServer(server);
}

function reflectionService(): ReflectionService {
  const { file } = fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS));
  const fileDescriptorProtos = file.map(one => Buffer.from(toBinary(FileDescriptorProtoSchema, one)));
  // It reads `fileDescriptorProtos` of whatever it is given; its type asks for proto-loader's whole definitions.
  const definition = { '': { fileDescriptorProtos } } as unknown as ConstructorParameters<
    typeof ReflectionService
  >[0];
  return new ReflectionService(definition);
}
