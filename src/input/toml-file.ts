import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';

/** The text of a file; without one `mistakes` tells why. `source` is where the path was given. */
export function readText(path: string, source: string, mistakes: string[]): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    mistakes.push(`${source}: ${cannotRead(cause)}`);
    return undefined;
  }
}

/** Without the path: a secret may stand where the name of its file belongs. */
export const cannotRead = (cause: unknown): string =>
  `cannot read the file (${cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown cause'})`;

/** The keys of a TOML file; empty, with the reason in `mistakes`, when it cannot be read. */
export function readToml(path: string, source: string, mistakes: string[]): Record<string, unknown> {
  const text = readText(path, source, mistakes);
  if (text === undefined) return {};
  try {
    return parse(text);
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw cause;
    // Without the lines that the message quotes: a secret may be on one of them.
    const [what] = cause.message.split('\n');
    mistakes.push(`${source}: ${path}: line ${cause.line}, column ${cause.column}: ${what}`);
    return {};
  }
}
