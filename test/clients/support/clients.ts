import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A client in `clients/`, and how it is made there. */
export type Client = {
  /** Its folder. */
  readonly name: string;
  /** Commands without which it is skipped. */
  readonly needs: readonly string[];
  /** Commands that check and build it, in this order, in its folder. */
  readonly build: readonly (readonly string[])[];
  /** The program that is then run. */
  readonly run: readonly string[];
};

/** Every folder of `clients/`; what takes longest to build comes first. */
export const CLIENTS: readonly Client[] = [
  {
    name: 'rust',
    needs: ['cargo'],
    build: [
      ['cargo', 'fmt', '--check'],
      ['cargo', 'build', '--quiet', '--locked'],
    ],
    run: ['target/debug/scenario'],
  },
  {
    name: 'java',
    needs: ['java', 'javac', 'mvn'],
    build: [['mvn', '--quiet', '--batch-mode', 'compile']],
    run: ['java', '-cp', 'target/classes:target/dependency/*', 'waprivacy.scenario.Main'],
  },
  {
    name: 'python',
    needs: ['python3'],
    build: [
      ['python3', '-m', 'venv', '.venv'],
      ['.venv/bin/pip', 'install', '--quiet', '--require-hashes', '--requirement', 'requirements.txt'],
      ['.venv/bin/python', 'generate.py'],
      ['.venv/bin/pip', 'install', '--quiet', '--no-deps', '--no-build-isolation', '--editable', '.'],
      ['.venv/bin/python', '-m', 'unittest', 'discover', '--start-directory', 'tests'],
    ],
    run: ['.venv/bin/python', '-m', 'scenario'],
  },
  {
    name: 'go',
    needs: ['go'],
    build: [
      ['go', 'vet', './...'],
      ['go', 'test', '.'],
      ['go', 'build', '-o', 'bin/scenario', './scenario'],
    ],
    run: ['bin/scenario'],
  },
  {
    name: 'typescript',
    needs: ['node'],
    build: [['../../node_modules/.bin/tsc', '--project', '.']],
    run: ['node', 'scenario/main.ts'],
  },
];

/** Those of the commands that are not on the path. */
export const missing = (commands: readonly string[]): string[] =>
  commands.filter(command => !(process.env['PATH'] ?? '').split(delimiter).some(isIn(command)));

const isIn = (command: string) => (folder: string) => {
  try {
    accessSync(join(folder, command), constants.X_OK);
    return true;
  } catch {
    return false;
  }
};
