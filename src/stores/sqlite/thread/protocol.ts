/** What SQLite takes and gives. Blobs that it gives are `Buffer`s. */
export type Row = Record<string, unknown>;

/** A statement of a transaction. */
export type Step = {
  readonly sql: string;
  readonly parameters: readonly unknown[];
  /**
   * Whether it has to find or write a row; undefined: it may or may not. Where it is otherwise the transaction is taken
   * back, and of the steps behind only those with an expectation run, to tell how it is with them.
   */
  readonly expected?: boolean;
};

/** What a statement found, and how many rows it wrote. */
export type Result = { readonly rows: Row[]; readonly changes: number };

/** What became of a transaction. */
export type Ran = {
  /** Whether all was as expected, and so is kept. */
  readonly held: boolean;
  /** Of each step with an expectation whether it found or wrote a row. */
  readonly wrote: readonly boolean[];
  /** Of each step, where all was as expected. */
  readonly results: readonly Result[];
};

/** What the thread is asked to do, one after the other. */
export type Work =
  | { readonly kind: 'transaction'; readonly steps: readonly Step[] }
  /** One statement in no transaction but one that it begins or ends itself. */
  | { readonly kind: 'alone'; readonly sql: string }
  | { readonly kind: 'backup'; readonly to: string }
  /** Gives up the backup that was asked for with this id. */
  | { readonly kind: 'cancel'; readonly backup: number }
  | { readonly kind: 'close' };

/** One question to the thread. */
export type Request = { readonly id: number; readonly work: Work };

/** Its answer; `code` is SQLite's, which the copy of an error loses. */
export type Answer =
  | { readonly id: number; readonly ran: Ran }
  | { readonly id: number; readonly error: unknown; readonly code: unknown };

/** What a thread says first: nothing where it has the database open. */
export type Opened = { readonly error?: unknown; readonly code?: unknown };
