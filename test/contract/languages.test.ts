import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';

const DESCRIPTORS = join(import.meta.dirname, '../../gen/descriptor.binpb');
const own = fromBinary(FileDescriptorSetSchema, readFileSync(DESCRIPTORS)).file.filter(
  ({ package: name }) => name === 'whatsapp.privacy.v1',
);

test('every file of the contract is there', () => {
  const folder = join(import.meta.dirname, '../../proto/whatsapp/privacy/v1');
  expect(own.map(({ name }) => name.split('/').at(-1)).toSorted()).toEqual(readdirSync(folder).toSorted());
});

test.each(own.map(file => [file.name, file] as const))('%s says where its code goes', (name, file) => {
  const base = name.split('/').at(-1)?.replace('.proto', '') ?? '';
  const pascal = base.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
  expect(file.options).toMatchObject({
    csharpNamespace: 'WaPrivacy.V1',
    javaPackage: 'waprivacy.v1',
    javaMultipleFiles: true,
    javaOuterClassname: `${pascal}Proto`,
    objcClassPrefix: 'WAP',
    phpNamespace: 'WaPrivacy\\V1',
    rubyPackage: 'WaPrivacy::V1',
  });
  expect(file.options?.goPackage).toBe(own[0]?.options?.goPackage); // one package, whichever it is
  expect(file.options?.goPackage).toMatch(/\/v1;\w+v1$/);
});

const MAVEN = `.m2/repository/com/google/protobuf/protoc/*/protoc-*-${process.platform}-x86_64.exe`;

/** The compiler on the path, or the one that the build of the Java client has brought. */
function findProtoc(into: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const [onPath] = folders.flatMap(folder => globSync(join(folder, 'protoc')));
  const ofMaven = globSync(join(homedir(), MAVEN)).toSorted().at(-1);
  if (onPath !== undefined || ofMaven === undefined) return onPath;
  const copy = join(into, 'protoc'); // Maven's cannot be executed
  copyFileSync(ofMaven, copy);
  chmodSync(copy, 0o755);
  return copy;
}

describe('protoc without any flag', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wa-privacy-languages-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const protoc = findProtoc(folder);
  beforeEach(({ skip }) => skip(protoc === undefined, 'no protoc is installed'));

  test.each([
    ['cpp', 'whatsapp/privacy/v1/privacy_settings.pb.h'],
    ['csharp', 'PrivacySettings.cs'],
    ['java', 'waprivacy/v1/PrivacySettings.java'],
    ['kotlin', 'waprivacy/v1/PrivacySettingsKt.kt'],
    ['objc', 'whatsapp/privacy/v1/PrivacySettings.pbobjc.h'],
    ['php', 'WaPrivacy/V1/PrivacySettings.php'],
    ['python', 'whatsapp/privacy/v1/privacy_settings_pb2.py'],
    ['pyi', 'whatsapp/privacy/v1/privacy_settings_pb2.pyi'],
    ['ruby', 'whatsapp/privacy/v1/privacy_settings_pb.rb'],
  ])('generates %s, where its users look for it', (language, file) => {
    const out = join(folder, language);
    mkdirSync(out);
    const names = own.map(({ name }) => name);
    const args = [`--descriptor_set_in=${DESCRIPTORS}`, `--${language}_out=${out}`, ...names];
    const { status, stdout, stderr } = spawnSync(protoc ?? '', args, { encoding: 'utf8' });
    expect({ status, said: `${stdout}${stderr}` }).toEqual({ status: 0, said: '' });
    expect(readdirSync(out, { recursive: true })).toContain(file);
  });
});
