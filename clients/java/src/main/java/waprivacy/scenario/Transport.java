package waprivacy.scenario;

import static waprivacy.scenario.Checks.refused;

import io.grpc.ChannelCredentials;
import io.grpc.Status.Code;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import waprivacy.client.Connection;
import waprivacy.v1.CreateTokenRequest;
import waprivacy.v1.ListInstancesRequest;
import waprivacy.v1.Token;

/** How the connection is secured, and who cannot make one. */
final class Transport {
  private static final Path SERVICE_CONFIG = Path.of("../service-config.json");
  private static final String SERVER = System.getenv("WA_PRIVACY_SERVER");
  private static final File CA = file("WA_PRIVACY_CA_FILE");
  private static final File CERTIFICATE = file("WA_PRIVACY_CERT_FILE");
  private static final File KEY = file("WA_PRIVACY_KEY_FILE");
  private static final String CERTIFICATE_NAME = "desk.example.com";

  private Transport() {}

  static Client clientWith(String token) throws IOException {
    return Client.on(Connection.to(SERVER, credentials(), token, SERVICE_CONFIG));
  }

  /** Without the service config. */
  static Client clientThatNeverRetries(String token) throws IOException {
    return Client.on(Connection.to(SERVER, credentials(), token));
  }

  private static ChannelCredentials credentials() throws IOException {
    if (CA == null) {
      return Connection.plaintext();
    }
    return CERTIFICATE == null ? Connection.tls(CA) : Connection.mutualTls(CA, CERTIFICATE, KEY);
  }

  static void strangersAreKeptOut(Client account, String token) throws IOException {
    if (CA != null) {
      cannotConnect(Connection.plaintext(), token);
    }
    if (CERTIFICATE != null) {
      cannotConnect(Connection.tls(CA), token);
      aTokenIsBoundToACertificate(account);
    }
  }

  private static void cannotConnect(ChannelCredentials credentials, String token) {
    try (Client stranger = Client.on(Connection.to(SERVER, credentials, token))) {
      refused(Code.UNAVAILABLE, "", () -> listInstances(stranger));
    }
  }

  private static void aTokenIsBoundToACertificate(Client account) throws IOException {
    try (Client own = boundTo(CERTIFICATE_NAME, account);
        Client another = boundTo("another.example.com", account)) {
      listInstances(own);
      refused(Code.UNAUTHENTICATED, "CERTIFICATE_MISMATCH", () -> listInstances(another));
    }
  }

  private static Client boundTo(String name, Client account) throws IOException {
    CreateTokenRequest request =
        CreateTokenRequest.newBuilder()
            .setKind(Token.Kind.KIND_ACCOUNT)
            .setAccess(Token.Access.ACCESS_READ_ONLY)
            .setCertificateSubject(name)
            .build();
    return clientWith(account.tokens().createToken(request).getSecret());
  }

  private static void listInstances(Client client) {
    client.instances().listInstances(ListInstancesRequest.getDefaultInstance());
  }

  private static File file(String variable) {
    String path = System.getenv(variable);
    return path == null ? null : new File(path);
  }
}
