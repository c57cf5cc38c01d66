import { expect, test } from 'vitest';
import { label } from '../../../src/grpc/messages/validate.js';

test.each(['Schalter für Anfragen', 'مكتب الدعم', '客服台', '👩‍💻 desk', '👨🏽‍🚒', '❤️‍🔥', '🏳️‍🌈'])(
  'a label may be %s',
  text => {
    expect(label('display_name', text)).toEqual({ value: text });
  },
);
