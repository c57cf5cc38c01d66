import type { Labels } from '../../domain/labels/labels.js';

/** Labels as they are given. */
export const labelsText = (labels: Labels): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
