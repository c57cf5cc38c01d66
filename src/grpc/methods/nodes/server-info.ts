import {
  GetServerInfoResponse_Feature as Feature,
  type GetServerInfoResponse,
} from '../../../../gen/ts/whatsapp/privacy/v1/node_service.js';
import type { Nodes } from '../../../cluster/ports.js';
import type { NamesOf } from '../../../contract/enum-names.js';
import { LARGEST_MESSAGE } from '../../../contract/sizes.js';
import { encodeDuration } from '../../messages/codec.js';
import { LONGEST_CALL_MS, USUAL_DEADLINES } from '../../method.js';

/** What callers are told of a server. */
export type ServerInfo = {
  readonly version: string;
  readonly features: readonly NamesOf<typeof Feature>[];
  readonly callsPerMinute: number;
  readonly openStreams: number;
  /** Undefined for as long as their instance. */
  readonly historyMs: number | undefined;
};

/** A server that announces this version to WhatsApp, among these nodes. */
export function encodeServer(
  server: ServerInfo,
  whatsappVersion: string,
  nodes: Pick<Nodes, 'self' | 'count'>,
): GetServerInfoResponse {
  const { version, features, callsPerMinute, openStreams, historyMs } = server;
  const { id: nodeId, name: nodeName } = nodes.self();
  return {
    version,
    whatsappVersion,
    features: features.map(feature => Feature[feature]),
    limits: {
      callsPerMinute,
      openStreams,
      requestBytes: LARGEST_MESSAGE,
      usualDeadline: encodeDuration(USUAL_DEADLINES.defaultMs),
      longestDeadline: encodeDuration(USUAL_DEADLINES.maximumMs),
      watchDuration: encodeDuration(LONGEST_CALL_MS),
      historyRetention: historyMs === undefined ? undefined : encodeDuration(historyMs),
    },
    nodeId,
    nodeName,
    nodeCount: nodes.count(),
  };
}
