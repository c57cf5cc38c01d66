import pg from 'pg';
import { PrivacyError } from '../../domain/errors.js';

/**
 * What PostgreSQL says of itself and not of a statement (appendix A of its manual): the same may work in a moment, on
 * this server or on that which takes its place.
 */
const PASSING = /^(?:08...|53...|57P0[1235]|57014|58...|55P03|40001|40P01|25P0[34]|25006|F0...|XX...)$/;
/** Of those, what also ends the connection, or says that it leads to a server that takes no writes. */
const ENDED = /^(?:08...|57P0[1235]|25P0[34]|25006)$/;

/** Whether a connection is of no use after this. What is no word of the server's is the end of the connection to it. */
export const isLoss = (error: unknown): boolean =>
  !(error instanceof pg.DatabaseError) || ENDED.test(error.code ?? '');

/** What is told of a failure: that the store cannot be reached now, or what is wrong with the statement. */
export const told = (error: unknown): unknown =>
  error instanceof pg.DatabaseError && !PASSING.test(error.code ?? '') ? error : unavailable(error);

/** Nothing that was asked for was written, but for what a caller of the store says itself. */
export const unavailable = (cause: unknown): PrivacyError =>
  new PrivacyError({ kind: 'STORE_UNAVAILABLE' }, { cause });

/** Whether the same may work in a moment. */
export const isUnavailable = (error: unknown): boolean =>
  error instanceof PrivacyError && error.problem.kind === 'STORE_UNAVAILABLE';
