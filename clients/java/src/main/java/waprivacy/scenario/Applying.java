package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;
import static waprivacy.scenario.Checks.refused;
import static waprivacy.scenario.Told.told;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import waprivacy.client.Errors;
import waprivacy.v1.ApplyPrivacySettingsRequest;
import waprivacy.v1.ApplyPrivacySettingsResponse;
import waprivacy.v1.LastSeenVisibility;
import waprivacy.v1.Visibility;

/** One change on many instances. */
final class Applying {
  private Applying() {}

  /** Each is told as it ends; one that is not there stops none. */
  static void severalInstancesAreChangedAtOnce(Desk desk, Desk other) {
    List<String> instances = List.of(desk.instance(), other.instance(), "nobody");
    LastSeenVisibility all = LastSeenVisibility.LAST_SEEN_VISIBILITY_ALL;
    ApplyPrivacySettingsRequest request =
        ApplyPrivacySettingsRequest.newBuilder()
            .addAllInstances(instances)
            .setVisibility(Visibility.newBuilder().setLastSeen(all))
            .build();
    Map<String, String> ends = new TreeMap<>();
    StatusRuntimeException error =
        refused(
            Code.ABORTED,
            "PARTIAL_UPDATE",
            () ->
                desk.account()
                    .privacy()
                    .applyPrivacySettings(request)
                    .forEachRemaining(end -> ends.put(end.getInstance(), howItEnded(end))));
    expect(
        "how they ended",
        ends,
        Map.of(
            desk.instance(), "LAST_SEEN contacts -> all: APPLIED",
            other.instance(), "LAST_SEEN all -> all: UNCHANGED",
            "nobody", "INSTANCE_NOT_FOUND"));
    List<Integer> failed = Errors.applyFailureOf(error).orElseThrow().getFailedIndexesList();
    expect("which failed", failed.stream().map(instances::get).toList(), List.of("nobody"));
  }

  private static String howItEnded(ApplyPrivacySettingsResponse end) {
    return end.hasError()
        ? Errors.reasonOf(end.getError())
        : told(end.getSuccess().getOutcomesList()).get(0);
  }
}
