package waprivacy.scenario;

import io.grpc.ManagedChannel;
import waprivacy.v1.InstanceServiceGrpc;
import waprivacy.v1.InstanceServiceGrpc.InstanceServiceBlockingStub;
import waprivacy.v1.PrivacyServiceGrpc;
import waprivacy.v1.PrivacyServiceGrpc.PrivacyServiceBlockingStub;
import waprivacy.v1.TokenServiceGrpc;
import waprivacy.v1.TokenServiceGrpc.TokenServiceBlockingStub;

/** The stubs on one channel. */
record Client(
    ManagedChannel channel,
    InstanceServiceBlockingStub instances,
    PrivacyServiceBlockingStub privacy,
    TokenServiceBlockingStub tokens)
    implements AutoCloseable {

  static Client on(ManagedChannel channel) {
    return new Client(
        channel,
        InstanceServiceGrpc.newBlockingStub(channel),
        PrivacyServiceGrpc.newBlockingStub(channel),
        TokenServiceGrpc.newBlockingStub(channel));
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
