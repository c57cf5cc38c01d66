import type { MethodDefinition } from '@grpc/grpc-js';
import { InstanceServiceService } from '../../../gen/ts/whatsapp/privacy/v1/instance_service.js';
import { NodeServiceService } from '../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import { PrivacyServiceService } from '../../../gen/ts/whatsapp/privacy/v1/privacy_service.js';
import { TokenServiceService } from '../../../gen/ts/whatsapp/privacy/v1/token_service.js';
import type { Method } from '../../../src/grpc/method.js';
import { METHODS as TABLE } from '../../../src/grpc/method-table.js';

/** A method whose messages a test makes without their types, as a careless client would. */
export type AnyMethod = MethodDefinition<object, object>;

/** Every method of the contract. */
export const METHODS = [
  PrivacyServiceService,
  InstanceServiceService,
  TokenServiceService,
  NodeServiceService,
].flatMap(service => Object.values(service) as unknown as AnyMethod[]);

/** `PrivacyService/GetPrivacySettings`. */
export const shortName = ({ path }: { path: string }) => path.replace('/whatsapp.privacy.v1.', '');

/** What the table of the service says of a method. */
export function rulesOf({ path }: { path: string }): Method {
  const method = TABLE.get(path);
  if (!method) throw new Error(`${path} has no row`);
  return method;
}

/** The method of a name like `GetPrivacySettings`. */
export function methodNamed(name: string): AnyMethod {
  const method = METHODS.find(({ path }) => path.endsWith(`/${name}`));
  if (!method) throw new Error(`no method ${name}`);
  return method;
}
