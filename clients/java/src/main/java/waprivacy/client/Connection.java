package waprivacy.client;

import com.google.gson.Gson;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptor;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/** A connection to the service. */
public final class Connection {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private Connection() {}

  /** For a service on this machine: nothing is encrypted. */
  public static ChannelCredentials plaintext() {
    return InsecureChannelCredentials.create();
  }

  /** TLS with an authority of your own. */
  public static ChannelCredentials tls(File ca) throws IOException {
    return TlsChannelCredentials.newBuilder().trustManager(ca).build();
  }

  /** TLS in which the caller shows a certificate too; the key is PKCS #8. All files are PEM. */
  public static ChannelCredentials mutualTls(File ca, File certificate, File key) throws IOException {
    return TlsChannelCredentials.newBuilder().trustManager(ca).keyManager(certificate, key).build();
  }

  /** A channel whose calls carry the token. */
  public static ManagedChannel to(String address, ChannelCredentials credentials, String token) {
    return Grpc.newChannelBuilder(address, credentials).intercept(bearer(token)).build();
  }

  /** The same with a gRPC service config, a file of JSON; clients/service-config.json is one. */
  public static ManagedChannel to(
      String address, ChannelCredentials credentials, String token, Path serviceConfig)
      throws IOException {
    @SuppressWarnings("unchecked")
    Map<String, ?> config = new Gson().fromJson(Files.readString(serviceConfig), Map.class);
    return Grpc.newChannelBuilder(address, credentials)
        .intercept(bearer(token))
        .defaultServiceConfig(config)
        .build();
  }

  private static ClientInterceptor bearer(String token) {
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + token);
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }
}
