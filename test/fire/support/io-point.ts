/** A moment at which this process is about to do I/O, or has just done it. */
export type IoPoint = {
  readonly kind: 'read' | 'write' | 'send' | 'receive' | 'file';
  readonly moment: 'before' | 'after';
  /** The SQL, or what is done in words. */
  readonly what: string;
};

/** What becomes of I/O: it takes so many milliseconds, or does not return, as from a pipe that nobody writes to. */
export type Bearing = { readonly ms: number } | { readonly pipe: string };

/** Is called at a point of I/O. It may keep the I/O waiting, throw in place of it, or end the process. */
export type IoHook = (point: IoPoint) => Bearing | undefined;
