// Finding a thousand modules takes a third of the time that loading them does; they lie where they lay.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

type Found = Record<string, { readonly url: string; readonly format: string | null | undefined }>;

/**
 * Finds modules where another process with the same folder found them, since the build was made; `keep` leaves there
 * what this one had to look for.
 */
export function knownResolutions(folder: string, build: URL): { keep(): void } {
  const file = join(folder, `resolutions-${statSync(build).mtimeMs}.json`);
  const known = read(file);
  const found: Found = {};
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      const key = [specifier, context.parentURL, context.conditions].join(' ');
      const place = known[key];
      if (place) return { ...place, shortCircuit: true };
      const { url, format } = next(specifier, context);
      found[key] = { url, format };
      return { url, format };
    },
  });
  return {
    keep() {
      hooks.deregister();
      if (Object.keys(found).length === 0) return;
      mkdirSync(folder, { recursive: true });
      const mine = `${file}.${process.pid}`;
      writeFileSync(mine, JSON.stringify({ ...known, ...found }));
      renameSync(mine, file);
    },
  };
}

function read(file: string): Found {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return {};
  }
}
