const SEED = Number(process.env['FAULT_SEED'] ?? 3);
const RUNS = Number(process.env['FAULT_RUNS'] ?? 200);

/** The seeds of a suite that makes one run for every so many of FAULT_RUNS. */
export const seedsFor = (every: number): number[] =>
  Array.from({ length: Math.ceil(RUNS / every) }, (_, number) => SEED * 1_000_000 + number);

/** Says how a run can be had again. */
export const SEED_IN_WORDS = `seed ${SEED}`;

/** Makes a run of each seed, as many at a time as there are desks; gives what each found wrong. */
export async function findingsOf<Desk>(
  desks: readonly Desk[],
  seeds: readonly number[],
  find: (desk: Desk, seed: number) => Promise<string | undefined>,
): Promise<string[]> {
  const findings: string[] = [];
  const left = [...seeds];
  await Promise.all(
    desks.map(async desk => {
      for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
        const finding = await find(desk, seed);
        if (finding) findings.push(`seed ${seed}: ${finding}`);
      }
    }),
  );
  return findings;
}

export const inWords = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? Number(part) : part));
