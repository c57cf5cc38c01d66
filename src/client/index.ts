/** What callers written in TypeScript import as `wa-privacy/client`: the contract, and what its errors carry. */
export * from '../../gen/ts/google/rpc/error_details.js';
export * from '../../gen/ts/google/rpc/status.js';
export * from '../../gen/ts/whatsapp/privacy/v1/errors.js';
export * from '../../gen/ts/whatsapp/privacy/v1/instance_service.js';
export * from '../../gen/ts/whatsapp/privacy/v1/node_service.js';
export * from '../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
export * from '../../gen/ts/whatsapp/privacy/v1/privacy_settings.js';
export * from '../../gen/ts/whatsapp/privacy/v1/token_service.js';
export { detailsOf, type StatusDetails } from './details.js';
export { outcomesOf, type Reason, reasonOf, retryDelayMsOf } from './failures.js';
