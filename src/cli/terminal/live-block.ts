import { clearScreenDown, moveCursor } from 'node:readline';

/** Text on a terminal that is replaced in place. */
export type LiveBlock = {
  /** Shows the text in place of what was shown before. */
  show(text: string): void;
  /** Replaces the last line alone, so that a block taller than the terminal does not scroll away each time. */
  showLastLine(line: string): void;
  clear(): void;
};

/** A block at the cursor; nothing else may be written to the stream while it shows. */
export function liveBlock(stream: NodeJS.WritableStream): LiveBlock {
  let height = 0;
  const erase = (lines: number) => {
    if (lines === 0) return;
    moveCursor(stream, 0, -lines);
    clearScreenDown(stream);
  };
  const clear = () => {
    erase(height);
    height = 0;
  };
  return {
    show(text) {
      clear();
      stream.write(`${text}\n`);
      height = text.split('\n').length;
    },
    showLastLine(line) {
      erase(Math.min(height, 1));
      stream.write(`${line}\n`);
    },
    clear,
  };
}
