import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { toString as drawQr } from 'qrcode';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { linkScreen } from '../../../src/cli/linking/link-screen.js';

afterEach(() => vi.useRealTimers());

const CONTROL = new RegExp(`(\\n|${String.fromCharCode(27)}\\[\\d*[AJ])`);

/** What a terminal would show after these bytes: text, lines up, and clearing to the end. */
function screenOf(bytes: string): string {
  const lines: string[] = [''];
  let row = 0;
  for (const part of bytes.split(CONTROL)) {
    const up = /\[(\d+)A/.exec(part)?.[1];
    if (part === '\n') {
      row += 1;
      lines[row] ??= '';
    } else if (up !== undefined) row -= Number(up);
    else if (part.endsWith('[0J')) lines.splice(row, lines.length, '');
    else lines[row] = (lines[row] ?? '') + part;
  }
  return lines.join('\n');
}

function terminal(columns: number) {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { columns });
  let bytes = '';
  stream.on('data', (part: string) => {
    bytes += part;
  });
  return { stream, text: () => screenOf(bytes) };
}

const qr = (payload: string, expireTime?: Date) => ({
  $case: 'qrCode' as const,
  value: { payload, expireTime },
});
const drawn = (payload: string) =>
  drawQr(payload, { type: 'terminal', small: true, errorCorrectionLevel: 'L' });

describe('the screen of link', () => {
  test('shows a new code in place of the one before', async () => {
    const { stream, text } = terminal(120);
    const screen = linkScreen(stream);
    await screen.show(qr('the first code'));
    expect(text()).toContain(await drawn('the first code'));
    await screen.show(qr('the second, rather longer code'));
    expect(text()).toContain(await drawn('the second, rather longer code'));
    expect(text()).not.toContain(await drawn('the first code'));
    screen.close();
    expect(text()).toBe('');
  });

  test('counts down in its last line', async () => {
    vi.useFakeTimers({ now: 0 });
    const { stream, text } = terminal(120);
    const screen = linkScreen(stream);
    await screen.show(qr('code', new Date(3000)));
    expect(text()).toMatch(/\n3 s left\n$/);
    vi.advanceTimersByTime(2000);
    expect(text()).toMatch(/\n1 s left\n$/);
    expect(text()).not.toContain('3 s left');
    vi.advanceTimersByTime(5000);
    expect(text()).toMatch(/\nwaiting for the next code\n$/);
    screen.close();
    vi.advanceTimersByTime(5000);
    expect(text()).toBe('');
  });

  test('says so when the code does not fit, instead of drawing what cannot be scanned', async () => {
    const { stream, text } = terminal(20);
    const screen = linkScreen(stream);
    await screen.show(qr('x'.repeat(225)));
    expect(stripVTControlCharacters(text())).toMatch(
      /^The QR code needs \d\d columns and this terminal has 20/,
    );
    screen.close();
  });

  test('shows a pairing code in two halves', async () => {
    const { stream, text } = terminal(120);
    const screen = linkScreen(stream);
    await screen.show({ $case: 'pairingCode', value: { code: 'ABCD1234', expireTime: undefined } });
    expect(text()).toContain('    ABCD-1234\n');
    screen.close();
  });
});
