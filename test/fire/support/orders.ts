/** What a test tells the service's process that runs with `child/preload.ts`. Each order is answered when it is done. */
export type Order =
  /** Serves; the process has loaded everything for it already. */
  | { readonly do: 'serve'; readonly killAt: number | undefined }
  /** Counts its I/O from here, and kills itself with SIGKILL at this point, the first being 0. */
  | { readonly do: 'count'; readonly killAt: number | undefined }
  /** Names the points passed since it began to count. */
  | { readonly do: 'tell' }
  /** How its disk is from now on. */
  | { readonly do: 'disk'; readonly disk: Disk };

/** The answer. */
export type Done = {
  readonly points: readonly string[];
  /** The most memory that the process ever had. */
  readonly peakBytes: number;
};

/**
 * What the disk does to each statement of this kind that contains the text: nothing, keep it waiting, hang, or fail it.
 */
export type Disk =
  | { readonly is: 'fine' }
  | ({ readonly is: 'hanging' /** That nobody writes to. */; readonly pipe: string } & Target)
  | ({ readonly is: 'slow'; readonly ms: number } & Target)
  | ({ readonly is: 'failing' /** SQLite's. */; readonly code: string } & Target);

type Target = { readonly on: 'read' | 'write'; readonly statement?: string };
