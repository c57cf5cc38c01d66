import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take more than ten seconds, longest first. */
const LONGEST = [
  'soak/rounds',
  'soak/clients',
  'fire/killed-running',
  'fire/killed-linking',
  'fire/killed-updating',
  'fire/new-master-key',
  'fire/disk',
  'api/large-fleet',
  'fire/damaged',
  'fire/two-servers',
  'fire/old-backup',
  'faults/outcome-truth',
  'faults/proof',
  'cli/commands/commands',
  'api/parked',
  'api/silence',
  'grpc/errors/documented-errors-linking',
  'grpc/errors/documented-errors',
  'simulator/control/control',
  'api/last-disconnects',
  'api/bounds',
  'api/watch',
  'api/blacklist',
  'whatsapp/session/log-in',
  'api/node-holds',
  'api/blacklist-truth',
  'stores/sqlite-processes',
  'api/linking',
  'simulator/answers/contact-lists',
];

/**
 * Begins with the files that take longest, so that none of them is left over at the end when the others are done. Those
 * of a project follow one another, because its workers go from file to file.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const projects = this.ctx.projects.map(({ name }) => name);
    const place = ({ project, moduleId }: TestSpecification) => {
      const long = LONGEST.indexOf(
        relative(`${this.ctx.config.root}/test`, moduleId).replace('.test.ts', ''),
      );
      return [projects.indexOf(project.name), long < 0 ? LONGEST.length : long] as const;
    };
    return files.toSorted((a, b) => {
      const [[projectA, placeA], [projectB, placeB]] = [place(a), place(b)];
      return projectA - projectB || placeA - placeB || a.moduleId.localeCompare(b.moduleId);
    });
  }
}
