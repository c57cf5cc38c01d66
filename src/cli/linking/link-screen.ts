import { stripVTControlCharacters } from 'node:util';
import type { LinkInstanceResponse } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { liveBlock } from '../terminal/live-block.js';
import { plain } from '../terminal/output.js';

/** A code to show. */
type CodeEvent = Extract<LinkInstanceResponse['event'], { $case: 'qrCode' | 'pairingCode' }>;

/** The terminal, as far as this needs it. */
type Terminal = NodeJS.WritableStream & { readonly columns?: number };

export const isCode = (event: LinkInstanceResponse['event']): event is CodeEvent =>
  event?.$case === 'qrCode' || event?.$case === 'pairingCode';

/** Shows codes on a terminal, each in place of the one before, with the time each has left. */
export function linkScreen(terminal: Terminal): { show(event: CodeEvent): Promise<void>; close(): void } {
  const block = liveBlock(terminal);
  let clock: NodeJS.Timeout | undefined;
  return {
    async show({ $case, value }) {
      const body = $case === 'qrCode' ? await qrText(value.payload, terminal.columns) : codeText(value.code);
      clearInterval(clock);
      block.show(`${body}\n${timeLeft(value.expireTime)}`);
      clock = setInterval(() => block.showLastLine(timeLeft(value.expireTime)), 1000);
    },
    close() {
      clearInterval(clock);
      block.clear();
    },
  };
}

async function qrText(payload: string, columns = Number.POSITIVE_INFINITY): Promise<string> {
  const { toString: draw } = await import('qrcode');
  const qr = await draw(payload, { type: 'terminal', small: true, errorCorrectionLevel: 'L' });
  // A wrapped code cannot be scanned. Its first line is as wide as the others.
  const width = stripVTControlCharacters(qr.split('\n')[0] ?? '').length;
  if (width > columns)
    return `The QR code needs ${width} columns and this terminal has ${columns}: widen it, or use --code.`;
  return `On the phone: Settings, Linked devices, Link a device; then scan this.\n${qr}`;
}

const codeText = (code: string): string =>
  'On the phone: Settings, Linked devices, Link a device, Link with phone number instead; then type this.\n\n' +
  `    ${plain(code).replace(/^(.{4})(.{4})$/, '$1-$2')}\n`;

const timeLeft = (expireTime: Date | undefined): string => {
  const seconds = expireTime ? Math.ceil((expireTime.getTime() - Date.now()) / 1000) : 0;
  return seconds > 0 ? `${seconds} s left` : 'waiting for the next code';
};
