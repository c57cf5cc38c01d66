import type { Label } from './envelope.js';

/** Of a link's data key, which is sealed with the master key. */
export const dataKeyLabel = (instance: string): Label => ({ kind: 'data key', instance });
