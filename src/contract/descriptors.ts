import { readFileSync } from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { createFileRegistry, type DescMessage, type FileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

/** Made by `npm run generate`; in the package as in the repository. */
const descriptorFile = () => join(dirname(findPackageJSON(import.meta.url) ?? '.'), 'gen/descriptor.binpb');

let registry: FileRegistry | undefined;

/** The contract as the compiler described it, with all its options; read when it is first asked for. */
export function descriptors(): FileRegistry {
  registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptorFile())));
  return registry;
}

const inputs = new Map<string, DescMessage>();

/** The type of a method's requests; `path` is `/whatsapp.privacy.v1.PrivacyService/GetPrivacySettings`. */
export function inputOf(path: string): DescMessage {
  const known = inputs.get(path);
  if (known) return known;
  const [, service = '', name] = path.split('/');
  const method = descriptors()
    .getService(service)
    ?.methods.find(one => one.name === name);
  if (!method) throw new Error(`${path} is not in the descriptors`);
  inputs.set(path, method.input);
  return method.input;
}
