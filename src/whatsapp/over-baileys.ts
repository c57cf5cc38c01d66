/** What needs Baileys: nothing but a dynamic import of this loads it into a service. */
export { deviceIn, importedDevice } from './linking/import-device.js';
export { linkDevice } from './linking/link-device.js';
export { logIn } from './session/log-in.js';
