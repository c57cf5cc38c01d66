package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;

import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import java.util.Iterator;
import java.util.UUID;
import waprivacy.v1.ListPrivacyChangesRequest;
import waprivacy.v1.Origin;
import waprivacy.v1.PrivacyChange;
import waprivacy.v1.PrivacySetting;
import waprivacy.v1.StatusVisibility;
import waprivacy.v1.UpdatePrivacySettingsRequest;
import waprivacy.v1.Visibility;
import waprivacy.v1.WatchPrivacySettingsRequest;
import waprivacy.v1.WatchPrivacySettingsResponse;

/** The history is followed with a cursor. */
final class Following {
  private Following() {}

  /**
   * Each entry comes once, also when a watch ends between two of them: by the id of the last one.
   */
  static void theHistoryIsFollowedWithoutAGap(Desk desk) throws Exception {
    ListPrivacyChangesRequest newest =
        ListPrivacyChangesRequest.newBuilder().setInstance(desk.instance()).setPageSize(1).build();
    long last = desk.own().privacy().listPrivacyChanges(newest).getChanges(0).getId();

    desk.phone().setPrivacy("status", "all");
    PrivacyChange first = nextEntry(desk, last);
    expect("what changed", first.getSetting(), PrivacySetting.PRIVACY_SETTING_STATUS);
    expect("its new value", first.getNewValue(), "all");
    expect("who changed it", first.getOrigin(), Origin.ORIGIN_OTHER_DEVICE);
    expect("whether a token did it", first.hasActor(), false);

    UpdatePrivacySettingsRequest request =
        UpdatePrivacySettingsRequest.newBuilder()
            .setInstance(desk.instance())
            .setVisibility(
                Visibility.newBuilder().setStatus(StatusVisibility.STATUS_VISIBILITY_CONTACTS))
            .setRequestId(UUID.randomUUID().toString())
            .build();
    desk.own().privacy().updatePrivacySettings(request); // Nobody watches now.
    PrivacyChange second = nextEntry(desk, first.getId());
    expect("the request of the next entry", second.getRequestId(), request.getRequestId());
    expect("whether it comes after the first", second.getId() > first.getId(), true);
    expect("whether a token did it", second.hasActor(), true);
  }

  /** Watches from behind an entry until the next one. */
  private static PrivacyChange nextEntry(Desk desk, long startAfter) throws Exception {
    WatchPrivacySettingsRequest request =
        WatchPrivacySettingsRequest.newBuilder()
            .addInstances(desk.instance())
            .setStartAfter(startAfter)
            .build();
    try (CancellableContext context = Context.current().withCancellation()) {
      Iterator<WatchPrivacySettingsResponse> events =
          context.call(() -> desk.own().privacy().watchPrivacySettings(request));
      while (true) {
        WatchPrivacySettingsResponse event = events.next();
        if (event.hasRecorded()) {
          return event.getRecorded();
        }
      }
    }
  }
}
