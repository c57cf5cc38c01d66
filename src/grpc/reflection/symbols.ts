import type { DescFile, FileRegistry } from '@bufbuild/protobuf';

/** The file of each full name: types and services, and what is inside of them. */
export function filesOfSymbols(registry: FileRegistry): ReadonlyMap<string, DescFile> {
  const files = new Map<string, DescFile>();
  for (const type of registry) {
    const { typeName, file } = type;
    files.set(typeName, file);
    const inside = (name: string) => files.set(`${typeName}.${name}`, file);
    switch (type.kind) {
      case 'message':
        for (const { name } of [...type.fields, ...type.oneofs]) inside(name);
        break;
      case 'service':
        for (const { name } of type.methods) inside(name);
        break;
      case 'enum':
        for (const { name } of type.values) {
          inside(name);
          // Its full name: values stand beside their enum. Many clients ask for the other.
          files.set([...typeName.split('.').slice(0, -1), name].join('.'), file);
        }
        break;
      case 'extension':
        break;
    }
  }
  return files;
}
