import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { rolldown } from 'rolldown';
import { licences } from './licences.mjs';

/** The packages that come into the bundle, with what they need: those that every start loads, of hundreds of files. */
const INSIDE = [
  '@bufbuild/protobuf',
  '@grpc/grpc-js',
  '@oxc-project/runtime', // rolldown's own, for what OLDEST does not know of the language.
  'cli-table3',
  'commander',
  'kysely',
  'lru-cache',
  'p-queue',
  'smol-toml',
  'zod',
];

/** grpc-js loads it for what nobody asks of it here. */
const NEVER_LOADED = '@grpc/proto-loader';

/** `node22.14` */
const OLDEST = JSON.parse(readFileSync('package.json', 'utf8')).engines.node.replace('>=', 'node');

function stays(id, importer) {
  if (/^[./\0]/.test(id)) return false;
  if (importer?.includes('/node_modules/')) return id === NEVER_LOADED;
  return !INSIDE.some(name => id === name || id.startsWith(`${name}/`));
}

/**
 * Whoever loads `node:http` loads undici with it, for the sake of its WebSocket: a tenth of the time of a start. grpc-js
 * needs it for clients that go through a proxy.
 */
const lazyHttp = {
  name: 'lazy-http',
  resolveId: (id, importer) => (id === 'http' && /\/@grpc\/grpc-js\//.test(importer) ? LAZY_HTTP : undefined),
  load: id =>
    id === LAZY_HTTP
      ? "module.exports = new Proxy({}, { get: (_, name) => process.getBuiltinModule('node:http')[name] });"
      : undefined,
};
const LAZY_HTTP = '\0lazy-http';

/**
 * Makes the program of few files, for most of a start is Node's work on each: `dist/bin.js`, and beside it what each
 * command needs. Names stay as they are, so that stack traces can be read without the source maps.
 */
export async function bundle() {
  rmSync('dist/program', { recursive: true, force: true });
  const program = await rolldown({
    input: {
      bin: 'src/bin.ts',
      // The file of a thread, beside who starts it.
      'program/serve-database': 'src/stores/sqlite/thread/serve-database.ts',
    },
    platform: 'node',
    external: stays,
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
    transform: { target: OLDEST },
    // Clients that a service does not call.
    treeshake: { manualPureFunctions: ['makeGenericClientConstructor'] },
    plugins: [lazyHttp, licences('program/third-party-licences.txt')],
  });
  await program.write({
    dir: 'dist',
    entryFileNames: '[name].js',
    chunkFileNames: 'program/[name].js',
    comments: false,
    sourcemap: true,
  });
  await program.close();
  chmodSync('dist/bin.js', 0o755);
}
