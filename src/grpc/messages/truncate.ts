/** Values of callers and of WhatsApp are quoted up to this many characters. */
export const QUOTED = 64;
/** Descriptions are cut to this many characters. */
export const DESCRIBED = 200;

/** At most `length` characters (code points), and nothing that UTF-8 cannot hold. */
export const truncate = (text: string, length: number): string =>
  text.length <= length ? text.toWellFormed() : Array.from(text.toWellFormed()).slice(0, length).join('');

/** As much of the text as fits in `limit` bytes once percent-encoded, which is how it travels as `grpc-message`. */
export function truncateEncoded(text: string, limit: number): string {
  let room = limit;
  let kept = '';
  for (const character of text.toWellFormed()) {
    room -= encodeURI(character).length;
    if (room < 0) break;
    kept += character;
  }
  return kept;
}
