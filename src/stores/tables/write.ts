import type { Compilable } from 'kysely';
import type { Write } from '../../domain/write.js';

/** A statement as the ports hand it round. */
export const writeOf = (statement: Compilable): Write => statement as unknown as Write;

/** The statement behind it. */
export const statementOf = (write: Write): Compilable => write as unknown as Compilable;
