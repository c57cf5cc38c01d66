import { describe, expect, test } from 'vitest';
import { whatsApp } from '../../src/whatsapp/index.js';
import { memoryCredentials } from '../support/memory-credentials.js';
import { QUIET_LOG } from '../support/quiet-log.js';

const options = { credentials: memoryCredentials(), log: QUIET_LOG };

describe('the address and the key of WhatsApp', () => {
  test('may be left out, for its own', () => {
    expect(() => whatsApp(options)).not.toThrow();
    expect(() => whatsApp({ ...options, url: undefined, rootKey: undefined })).not.toThrow();
  });

  test('are checked before anything connects', () => {
    for (const url of ['https://example.com', 'tcp://127.0.0.1:1', 'localhost', '']) {
      expect(() => whatsApp({ ...options, url })).toThrow(TypeError);
    }
    for (const rootKey of ['', 'ab', 'zz'.repeat(32), 'ab'.repeat(33), Buffer.alloc(31)]) {
      expect(() => whatsApp({ ...options, rootKey })).toThrow(TypeError);
    }
    expect(() =>
      whatsApp({ ...options, url: 'wss://example.com/ws', rootKey: 'AB'.repeat(32) }),
    ).not.toThrow();
  });
});
