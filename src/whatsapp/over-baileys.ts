// What needs Baileys; imported by `load-baileys.ts` alone, which says when.
export { deviceIn, importedDevice } from './linking/import-device.js';
export { linkDevice } from './linking/link-device.js';
export { logIn } from './session/log-in.js';
