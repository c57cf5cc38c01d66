import { type Labels, UNREADABLE_LABELS } from '../../domain/labels/labels.js';
import { seal, unseal } from './envelope.js';

const label = (instance: string) => ({ kind: 'labels', instance });

/** Labels as stored: sealed, because they decide which tokens cover the instance. */
export const sealLabels = (storeKey: Buffer, instance: string, labels: Labels): Buffer =>
  seal(storeKey, label(instance), Buffer.from(JSON.stringify(labels)));

/** Stored labels. Those that are damaged, or gone, must not be taken for none: a selector may ask that one be absent. */
export function unsealLabels(storeKey: Buffer, instance: string, sealed: Buffer | null): Labels {
  if (sealed === null) return UNREADABLE_LABELS;
  try {
    return JSON.parse(unseal(storeKey, label(instance), sealed).toString()) as Labels;
  } catch {
    return UNREADABLE_LABELS;
  }
}
