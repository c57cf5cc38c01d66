import { expect, test } from 'vitest';
import { displayName } from '../../../src/grpc/messages/validate.js';

test.each(['Schalter für Anfragen', 'مكتب الدعم', '客服台', '👩‍💻 desk', '👨🏽‍🚒', '❤️‍🔥', '🏳️‍🌈'])(
  'a display name may be %s',
  text => {
    expect(displayName('display_name', text)).toEqual({ value: text });
  },
);
