// The process that calls are held against: a grpc-js method that answers with the bytes it was given, and nothing else.
import { Server, ServerCredentials } from '@grpc/grpc-js';

const [path = '', base64 = ''] = process.argv.slice(2);
const answer = Buffer.from(base64, 'base64');
const asItIs = (bytes: Buffer): Buffer => bytes;

const server = new Server();
const method = {
  path,
  requestStream: false,
  responseStream: false,
  requestSerialize: asItIs,
  requestDeserialize: asItIs,
  responseSerialize: asItIs,
  responseDeserialize: asItIs,
} as const;
server.addService(
  { method },
  { method: (_call: unknown, callback: (error: null, bytes: Buffer) => void) => callback(null, answer) },
);
server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  console.log(`listening on 127.0.0.1:${port}`);
});
