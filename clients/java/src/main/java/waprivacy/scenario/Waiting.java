package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;
import static waprivacy.scenario.Checks.failureOf;
import static waprivacy.scenario.Checks.refused;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import waprivacy.client.Errors;
import waprivacy.client.Patience;
import waprivacy.v1.GetPrivacySettingsRequest;
import waprivacy.v1.PrivacyServiceGrpc.PrivacyServiceBlockingStub;
import waprivacy.v1.ProfileVisibility;
import waprivacy.v1.SettingOutcome;
import waprivacy.v1.SettingOutcome.State;
import waprivacy.v1.UpdatePrivacySettingsRequest;
import waprivacy.v1.Visibility;

/** Deadlines, limits and retries: how an impatient or busy client fares. */
final class Waiting {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private Waiting() {}

  /** It may end on the way before the answer comes; then this is seen in another round. */
  static void aDeadlineThatIsTooShortTellsHowFarItCame(Desk desk) {
    for (int round = 0; round < 10; round++) {
      ProfileVisibility profile =
          round % 2 == 0
              ? ProfileVisibility.PROFILE_VISIBILITY_CONTACTS
              : ProfileVisibility.PROFILE_VISIBILITY_NONE;
      UpdatePrivacySettingsRequest request =
          UpdatePrivacySettingsRequest.newBuilder()
              .setInstance(desk.instance())
              .setVisibility(Visibility.newBuilder().setProfile(profile))
              .setRequestId(UUID.randomUUID().toString())
              .build();
      PrivacyServiceBlockingStub privacy = desk.own().privacy();
      StatusRuntimeException error;
      try (Simulator.Faults faults =
          desk.phone().simulator().inject(silence("privacy_set"), silence("privacy_get"))) {
        error =
            failureOf(() -> privacy.withDeadlineAfter(2, TimeUnit.SECONDS).updatePrivacySettings(request));
      }
      if (!Errors.reasonOf(error).isEmpty()) {
        expect("the status", error.getStatus().getCode(), Code.DEADLINE_EXCEEDED);
        expect("the reason", Errors.reasonOf(error), "DEADLINE_TOO_SHORT");
        List<State> states = Errors.outcomesOf(error).stream().map(SettingOutcome::getState).toList();
        boolean isFar =
            states.equals(List.of(State.STATE_UNKNOWN))
                || states.equals(List.of(State.STATE_NOT_ATTEMPTED));
        expect("whether " + states + " is how far it came", isFar, true);
        return;
      }
      // The answer was lost. The same request_id gets it, and changes nothing twice.
      failureOf(() -> privacy.updatePrivacySettings(request));
    }
    throw new ContractBroken("no answer came in time");
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
      desk.own().privacy().withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS).getPrivacySettings(request);
      expect("the faults that are left", desk.phone().simulator().faultsLeft(), 0);
    }
  }

  /**
   * The next attempt is minutes away: no client can wait for it, and the details must not be lost
   * over that.
   */
  static void aLongFailureArrivesWithItsDetails(Desk desk) {
    desk.phone().refuseClients();
    GetPrivacySettingsRequest request =
        GetPrivacySettingsRequest.newBuilder().setInstance(desk.instance()).build();
    PrivacyServiceBlockingStub privacy =
        desk.own().privacy().withDeadlineAfter(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    StatusRuntimeException error =
        refused(Code.UNAVAILABLE, "CLIENT_OUTDATED", () -> privacy.getPrivacySettings(request));
    Duration delay = Errors.retryDelayOf(error).orElse(Duration.ZERO);
    expect("whether " + delay + " is longer than anybody waits", delay.compareTo(PATIENCE) > 0, true);
  }
}
