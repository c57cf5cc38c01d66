/**
 * Chooses points so that every kind of them is among the chosen before any kind is there twice, those of one kind
 * spread over its whole run, and all of them before any again. Indices in ascending order.
 */
export function choosePoints(points: readonly string[], count: number): number[] {
  const kinds = Map.groupBy(points.keys(), index => points[index]);
  const ranked = [...kinds.values()].flatMap(indices =>
    spread(indices.length).map((position, rank) => ({ index: indices[position] as number, rank })),
  );
  ranked.sort((a, b) => a.rank - b.rank || a.index - b.index);
  return Array.from({ length: count }, (_, turn) => ranked[turn % ranked.length]?.index ?? 0).sort(
    (a, b) => a - b,
  );
}

/** 0 to `length - 1`: the first, the last, then always the middle of the widest gap. */
function spread(length: number): number[] {
  const order = [0, length - 1].slice(0, length);
  let gaps: [number, number][] = [[0, length - 1]];
  while (order.length < length) {
    gaps = gaps.flatMap(([from, to]): [number, number][] => {
      const middle = (from + to) >> 1;
      if (middle === from) return [];
      order.push(middle);
      return [
        [from, middle],
        [middle, to],
      ];
    });
  }
  return order;
}
