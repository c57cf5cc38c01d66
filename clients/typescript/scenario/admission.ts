import { status } from '@grpc/grpc-js';
import {
  CreateTokenRequest,
  InstanceServiceService as Instances,
  ListInstancesRequest,
  Token_Access,
  Token_Kind,
  TokenServiceService as Tokens,
} from 'wa-privacy/client';
import { connect, type Options } from '../src/connect.ts';
import { check, mustFail } from './check.ts';
import type { Scene } from './scene.ts';

/** The common name of the caller's certificate. */
const CERTIFICATE_SUBJECT = 'desk.example.com';

export async function admission(scene: Scene): Promise<void> {
  const { options } = scene;
  await mustFail(list({ ...options, token: 'wap_unknown' }), status.UNAUTHENTICATED, 'TOKEN_INVALID');
  if (options.certFile !== undefined) await mutualTls(scene);
}

async function mutualTls({ options, service }: Scene): Promise<void> {
  const boundToken = async (certificateSubject: string) => {
    const request = CreateTokenRequest.fromPartial({
      kind: Token_Kind.ACCOUNT,
      access: Token_Access.READ_ONLY,
      certificateSubject,
    });
    return (await service.call(Tokens.createToken, request)).secret;
  };
  await mustFail(list({ ...options, certFile: undefined, keyFile: undefined }), status.UNAVAILABLE);
  await list({ ...options, token: await boundToken(CERTIFICATE_SUBJECT) });
  const token = await boundToken('another.example.com');
  await mustFail(list({ ...options, token }), status.UNAUTHENTICATED, 'CERTIFICATE_MISMATCH');
}

/** On a connection of its own. */
async function list(options: Options): Promise<void> {
  const service = connect(options);
  try {
    const { instances } = await service.call(Instances.listInstances, ListInstancesRequest.fromPartial({}));
    check(instances.length >= 2, 'the instances are listed', instances);
  } finally {
    service.close();
  }
}
