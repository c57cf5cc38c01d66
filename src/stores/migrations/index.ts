import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { up as initial } from './0001-0010/0001-initial.js';
import { up as connectionMode } from './0001-0010/0002-connection-mode.js';
import { up as epoch } from './0001-0010/0003-epoch.js';
import { up as resolution } from './0001-0010/0004-resolution.js';
import { up as answerSubjects } from './0001-0010/0005-answer-subjects.js';
import { up as clientVersion } from './0001-0010/0006-client-version.js';
import { up as proxy } from './0001-0010/0007-proxy.js';
import { up as presence } from './0001-0010/0008-presence.js';
import { up as certificateSubject } from './0001-0010/0009-certificate-subject.js';
import { up as tokenMacs } from './0001-0010/0010-token-macs.js';
import { up as historyPruning } from './0011-0020/0011-history-pruning.js';
import { up as historyIds } from './0011-0020/0012-history-ids.js';
import { up as labels } from './0011-0020/0013-labels.js';
import { up as revisions } from './0011-0020/0014-revisions.js';
import { up as applies } from './0011-0020/0015-applies.js';
import { up as resends } from './0011-0020/0016-resends.js';
import { up as nodes } from './0011-0020/0017-nodes.js';
import { up as acrossNodes } from './0011-0020/0018-across-nodes.js';

/** In order; a migration that was released is never changed. */
export const migrations = (masterKeys: readonly Buffer[]): Record<string, Migration> => ({
  '0001_initial': { up: initial },
  '0002_connection_mode': { up: connectionMode },
  '0003_epoch': { up: epoch },
  '0004_resolution': { up: resolution },
  '0005_answer_subjects': { up: answerSubjects },
  '0006_client_version': { up: clientVersion },
  '0007_proxy': { up: proxy },
  '0008_presence': { up: presence },
  '0009_certificate_subject': { up: certificateSubject },
  '0010_token_macs': { up: tokenMacs(masterKeys) },
  '0011_history_pruning': { up: historyPruning },
  '0012_history_ids': { up: historyIds },
  '0013_labels': { up: labels(masterKeys) },
  '0014_revisions': { up: revisions },
  '0015_applies': { up: applies },
  '0016_resends': { up: resends },
  '0017_nodes': { up: nodes },
  '0018_across_nodes': { up: acrossNodes },
});

/** What a database of this version has behind it. */
export const MIGRATION_NAMES: readonly string[] = Object.keys(migrations([]));

/**
 * Brings the database up to date; throws when a newer version has written it.
 *
 * @param masterKeys Those that the data may be under.
 */
export async function migrate<Schema>(db: Kysely<Schema>, masterKeys: readonly Buffer[]): Promise<void> {
  const provider = { getMigrations: async () => migrations(masterKeys) };
  const migrator = new Migrator({ db, provider });
  // One by one, so that each has a transaction of its own, with the row that says it is done.
  for (let isBehind = true; isBehind; ) {
    const { error, results } = await migrator.migrateUp();
    if (error !== undefined) {
      const reason = error instanceof Error ? error.message : 'unknown error';
      throw new Error(`The database cannot be brought up to date: ${reason}`, { cause: error });
    }
    isBehind = results !== undefined && results.length > 0;
  }
}
