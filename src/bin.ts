#!/usr/bin/env node
// Nothing else is loaded before the version is known: on an older Node better-sqlite3 ends the process without a word.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 14)) {
  process.stderr.write(`wa-privacy needs Node.js 22.14 or newer; this is ${process.versions.node}.\n`);
  process.exit(1);
}
// What Node compiles is kept beside the code, where nobody may write who could not change the code itself: the folder
// that Node would take is everybody's. Without the right to write there, nothing is kept.
process.getBuiltinModule('node:module').enableCompileCache(`${import.meta.dirname}/compile-cache`);
void import('./main.js').then(({ main }) => main());

export {};
