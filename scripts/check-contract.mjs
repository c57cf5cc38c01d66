// The contract keeps what any of its versions had since the last break that was accepted: a removal cannot hide behind
// the next commit. A commit that touches ACCEPTED accepts the contract as it then stands, and touches nothing else. The
// one that writes FROZEN into it is the last: from then on nothing accepts a break.
import { execFileSync, spawnSync } from 'node:child_process';

const ACCEPTED = '.ci/contract-breaks';
const FROZEN = 'Frozen: v1';

const git = (...args) => execFileSync('git', args, { encoding: 'utf8' }).trim();

function fail(why) {
  console.error(why);
  process.exit(1);
}

if (git('rev-parse', '--is-shallow-repository') === 'true')
  fail('The contract is compared with its history: git fetch --unshallow');

/** The commits that touch ACCEPTED, oldest first. */
const touching = (...args) =>
  git('log', '--full-history', '--reverse', '--format=%H', ...args, '--', ACCEPTED).split('\n');
const [frozen] = touching(`-S${FROZEN}`);
const [melted] = frozen ? touching(`${frozen}..HEAD`) : [];
if (melted)
  fail(
    `${git('log', '-1', '--format=%h %s', melted)}: v1 is frozen, and ${ACCEPTED} does not change any more.`,
  );

const accepted = frozen || touching().at(-1);
if (accepted && git('diff-tree', '--root', '--no-commit-id', '--name-only', '-r', accepted) !== ACCEPTED)
  fail(`${git('log', '-1', '--format=%h %s', accepted)}: ${ACCEPTED} changes only in a commit of its own`);

// The full history, because a merge may have dropped one side of it.
const since = accepted ? `${accepted}..HEAD` : 'HEAD';
const changes = git('rev-list', '--full-history', since, '--', 'proto').split('\n');
for (const commit of new Set([...changes, accepted].filter(Boolean))) {
  const contract = execFileSync('git', ['archive', commit, 'buf.yaml', 'proto'], { maxBuffer: Infinity });
  const { status } = spawnSync('buf', ['breaking', '--against', '-#format=tar'], {
    input: contract,
    stdio: ['pipe', 'inherit', 'inherit'],
  });
  if (status !== 0)
    fail(`This breaks the contract of ${git('log', '-1', '--format=%h (%s)', commit)}.
${
  frozen
    ? `v1 is frozen: what must break goes into a package of its own, v2, beside it (docs/compatibility.md).`
    : `To accept it, say what breaks and why in ${ACCEPTED}, in a commit of its own after the break.`
}`);
}
