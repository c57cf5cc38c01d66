import type { Phone } from '../../../../src/simulator/index.js';

/** An account that is linked when the scene opens. */
export type Desk = { readonly instance: string; readonly phone: Phone };
