import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Those that ask for no more than that their text comes along. */
const MAY_BE_BUNDLED = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'ISC', 'MIT'];

/** Writes the licences of all packages that went into the bundle beside it. */
export const licences = fileName => ({
  name: 'licences',
  generateBundle(_, bundle) {
    const modules = Object.values(bundle).flatMap(output => output.moduleIds ?? []);
    const packages = Map.groupBy(modules, packageOf);
    packages.delete(undefined); // Our own.
    const source = [...packages]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(licenceOf)
      .join('\n');
    this.emitFile({ type: 'asset', fileName, source });
  },
});

/** The folder of the package that a module belongs to. */
const packageOf = module => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(module)?.[0];

function licenceOf([folder, modules]) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const all = license.match(/[\w.-]+/g).filter(word => word !== 'AND');
  if (!all.every(one => MAY_BE_BUNDLED.includes(one)))
    throw new Error(`${name} is under ${license}: leave it outside of the bundle`);
  const file = readdirSync(folder).find(one => /^licen[cs]e/i.test(one));
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : noticesIn(modules);
  if (!text) throw new Error(`${name} has no licence that could come along`);
  const title = `${name} ${version} (${license})`;
  return `${title}\n${'='.repeat(title.length)}\n\n${text}\n`;
}

/** What stands at the beginning of the files of a package that has its licence nowhere else. */
function noticesIn(modules) {
  const notices = modules.map(module => /^(?:\/\/.*\n)+/.exec(readFileSync(module, 'utf8'))?.[0]);
  return [...new Set(notices.filter(notice => /licen[cs]e/i.test(notice)))].join('\n').trim();
}
