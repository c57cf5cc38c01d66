// Fails when a package that runs in production has a known vulnerability of the severity high or critical, and tells of
// lesser ones. Not every registry knows: where it does not answer, that is said and nothing is checked. Not among the
// checks of a change, for it turns red by itself.
import { spawnSync } from 'node:child_process';

const audit = 'npm audit --omit=dev --package-lock-only --json';
const { stdout } = spawnSync(audit, { shell: true, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
const { vulnerabilities, metadata, message } = parsed(stdout);
if (metadata === undefined) {
  console.log(`skipped: the registry does not tell of vulnerabilities (${message ?? 'no answer'})`);
} else {
  const known = Object.values(vulnerabilities).flatMap(({ via }) =>
    via.filter(cause => typeof cause === 'object'),
  );
  for (const { name, severity, title, url } of known) console.log(`${severity}: ${name}: ${title}, ${url}`);
  const { high, critical, total } = metadata.vulnerabilities;
  console.log(`${total} known vulnerabilities, ${high + critical} of them high or critical`);
  if (high + critical > 0) process.exitCode = 1;
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
