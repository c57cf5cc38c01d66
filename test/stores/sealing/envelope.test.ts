import { assert, property, string, uint8Array } from 'fast-check';
import { expect, test } from 'vitest';
import { isSealedWith, newKey, seal, unseal } from '../../../src/stores/sealing/envelope.js';

const key = Buffer.alloc(32, 'key');
const label = { kind: 'Signal key', instance: 'desk', id: '15550100123.0' };

test('what was sealed opens as it was, with 33 bytes more', () => {
  assert(
    property(uint8Array(), string(), string(), (value, instance, id) => {
      const own = { kind: 'Signal key', instance, id };
      const envelope = seal(key, own, value);
      expect(envelope).toHaveLength(value.length + 33);
      expect(unseal(key, own, envelope)).toEqual(Buffer.from(value));
    }),
  );
});

test('an envelope with any one bit changed, or cut short anywhere, does not open', () => {
  const envelope = seal(key, label, Buffer.from('secret'));
  for (let bit = 0; bit < envelope.length * 8; bit++) {
    const changed = Buffer.from(envelope);
    changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    expect(() => unseal(key, label, changed)).toThrow('changed or belongs elsewhere');
  }
  for (let length = 0; length < envelope.length; length++) {
    expect(() => unseal(key, label, envelope.subarray(0, length))).toThrow('changed or belongs elsewhere');
  }
});

test.each([
  { ...label, kind: 'credentials' },
  { ...label, instance: 'desk2' },
  { ...label, id: '15550100123.1' },
  { kind: 'Signal key', instance: 'desk' },
  // The same letters, divided otherwise.
  { ...label, kind: 'Signal keydesk', instance: '' },
])('an envelope does not open under another label: %j', other => {
  const envelope = seal(key, label, Buffer.from('secret'));
  expect(() => unseal(key, other, envelope)).toThrow('changed or belongs elsewhere');
});

test('an envelope does not open with another key and tells which key it wants', () => {
  const envelope = seal(key, label, Buffer.from('secret'));
  const other = newKey();
  expect(() => unseal(other, label, envelope)).toThrow('changed or belongs elsewhere');
  expect([isSealedWith(key, envelope), isSealedWith(other, envelope)]).toEqual([true, false]);
});

test('the same value sealed twice looks different', () => {
  const value = Buffer.from('secret');
  expect(seal(key, label, value).subarray(33)).not.toEqual(seal(key, label, value).subarray(33));
});

test('the error names kind and instance, and neither the id nor the value', () => {
  const envelope = seal(key, label, Buffer.from('the secret'));
  envelope.writeUInt8(envelope.readUInt8(40) ^ 1, 40);
  expect(() => unseal(key, label, envelope)).toThrow(
    /^Cannot open the stored Signal key of instance desk: it was changed or belongs elsewhere$/,
  );
});
