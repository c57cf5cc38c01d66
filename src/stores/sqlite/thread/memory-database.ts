import { copyDatabase } from './copy-database.js';
import type { Database } from './database.js';
import { groupCommit } from './group-commit.js';
import { openDatabase } from './open-database.js';

/** A database in memory. It needs no thread, for there is no disk to wait for. */
export function memoryDatabase(): Database {
  const database = openDatabase(':memory:');
  const { commit, alone } = groupCommit(database);
  return {
    async transact(steps) {
      const [end] = commit([steps]);
      if (!end || 'error' in end) throw end?.error;
      return end.ran;
    },
    async alone(sql) {
      alone(sql);
    },
    backUp: (to, signal) => copyDatabase(database, to, signal),
    async close() {
      database.close();
    },
  };
}
