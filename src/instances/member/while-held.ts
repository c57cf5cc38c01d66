import { instanceMoved } from '../../domain/errors.js';
import type { Membership } from '../ports/membership.js';
import type { WhatsApp } from '../ports/ports.js';

type Dials = Pick<WhatsApp, 'connect' | 'link'>;

/** WhatsApp for a node among several: it connects only what is this node's, and only for as long as it is. */
export const whileHeld = (whatsApp: Dials, membership: Membership): Dials => {
  const ofInstance = (instance: string) => () => membership.mayAct(instance);
  return {
    async connect(instance, options) {
      const mayAct = ofInstance(instance);
      return mayAct() ? whatsApp.connect(instance, { ...options, mayAct }) : NOT_OURS;
    },
    async link(instance, method, options) {
      const mayAct = ofInstance(instance);
      if (!mayAct()) throw instanceMoved(instance);
      return whatsApp.link(instance, method, { ...options, mayAct });
    },
  };
};

const NOT_OURS = {
  kind: 'failed',
  disconnect: { code: undefined, text: 'Another node may have the instance by now' },
} as const;
