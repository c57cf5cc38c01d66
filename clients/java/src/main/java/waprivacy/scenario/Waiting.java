package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;
import static waprivacy.scenario.Checks.refused;
import static waprivacy.scenario.Told.told;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import waprivacy.client.Errors;
import waprivacy.client.Patience;
import waprivacy.v1.GetPrivacySettingsRequest;
import waprivacy.v1.Privacy;
import waprivacy.v1.ProfileVisibility;
import waprivacy.v1.ReadReceiptsMode;
import waprivacy.v1.UpdatePrivacySettingsRequest;
import waprivacy.v1.Visibility;

/** Deadlines, limits and retries: how an impatient or busy client fares. */
final class Waiting {
  private static final long DEADLINE_SECONDS = 3;

  private Waiting() {}

  static void aDeadlineThatIsTooShortTellsHowFarItCame(Desk desk) {
    UpdatePrivacySettingsRequest request =
        UpdatePrivacySettingsRequest.newBuilder()
            .setInstance(desk.instance())
            .setVisibility(
                Visibility.newBuilder().setProfile(ProfileVisibility.PROFILE_VISIBILITY_ALL))
            .setPrivacy(Privacy.newBuilder().setReadReceipts(ReadReceiptsMode.READ_RECEIPTS_MODE_NONE))
            .build();
    Updating.read(desk);
    try (Simulator.Faults faults =
        desk.phone().simulator().inject(silence("privacy_set"), silence("privacy_get"))) {
      StatusRuntimeException error =
          refused(
              Code.DEADLINE_EXCEEDED,
              "DEADLINE_TOO_SHORT",
              () ->
                  desk.own()
                      .privacy()
                      .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
                      .updatePrivacySettings(request));
      expect(
          "the outcomes",
          told(Errors.outcomesOf(error)),
          List.of(
              "PROFILE none -> all: NOT_ATTEMPTED WHATSAPP_TIMEOUT", // It widens, and waits for what narrows.
              "READ_RECEIPTS all -> none: UNKNOWN WHATSAPP_TIMEOUT"));
    }
  }

  private static String silence(String kind) {
    return """
        {"match": {"on": "%s"}, "effect": {"do": "silence"}, "times": "always"}
        """
        .formatted(kind);
  }

  /**
   * The reads of one instance are limited; RetryInfo tells when the next one may leave. With the
   * service config nobody would see it: grpc-java waits as told and calls again, whatever the status.
   */
  static void aLimitSaysWhenToCallAgain(Desk desk) throws Exception {
    GetPrivacySettingsRequest request =
        GetPrivacySettingsRequest.newBuilder().setInstance(desk.instance()).build();
    try (Client client = Transport.clientThatNeverRetries(desk.token())) {
      refused(
          Code.RESOURCE_EXHAUSTED,
          "RATE_LIMITED",
          () -> {
            while (true) {
              client.privacy().getPrivacySettings(request);
            }
          });
      Patience.callPatiently(
          () -> client.privacy().getPrivacySettings(request), Duration.ofSeconds(10));
    }
  }

  /** The service config repeats what changes nothing, when the service says. */
  static void aPassingFailureIsRetried(Desk desk) {
    String failure =
        """
        {"match": {"on": "privacy_get"}, "effect": {"do": "refuse", "code": 503}}
        """;
    GetPrivacySettingsRequest request =
        GetPrivacySettingsRequest.newBuilder().setInstance(desk.instance()).build();
    try (Simulator.Faults faults = desk.phone().simulator().inject(failure)) {
      desk.own().privacy().withDeadlineAfter(20, TimeUnit.SECONDS).getPrivacySettings(request);
      expect("the faults that are left", desk.phone().simulator().faultsLeft(), 0);
    }
  }

  /**
   * A retry that does not fit the deadline is not waited for: the error that was sent is the one that
   * arrives.
   */
  static void aLongFailureArrivesWithItsDetails(Desk desk) {
    String failure =
        """
        {"match": {"on": "upgrade"}, "effect": {"do": "http", "status": 503}, "times": "always"}
        """;
    GetPrivacySettingsRequest request =
        GetPrivacySettingsRequest.newBuilder().setInstance(desk.instance()).build();
    Duration deadline = Duration.ofSeconds(DEADLINE_SECONDS);
    Duration delay = Duration.ZERO;
    try (Simulator.Faults faults = desk.phone().simulator().inject(failure)) {
      desk.phone().dropConnections();
      while (delay.compareTo(deadline) <= 0) { // It grows with each attempt to connect that fails.
        StatusRuntimeException error =
            refused(
                Code.UNAVAILABLE,
                "INSTANCE_NOT_CONNECTED",
                () ->
                    desk.own()
                        .privacy()
                        .withDeadlineAfter(DEADLINE_SECONDS, TimeUnit.SECONDS)
                        .getPrivacySettings(request));
        delay = Errors.retryDelayOf(error).orElse(Duration.ZERO);
      }
    }
  }
}
