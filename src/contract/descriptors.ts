import { readFileSync } from 'node:fs';
import { createFileRegistry, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Made by `npm run generate`; the build puts it beside the compiled code in the same way. */
const DESCRIPTORS = new URL('../../gen/descriptor.binpb', import.meta.url);

let registry: FileRegistry | undefined;

/** The contract as the compiler described it, with all its options; read when it is first asked for. */
export function descriptors(): FileRegistry {
  registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)));
  return registry;
}
