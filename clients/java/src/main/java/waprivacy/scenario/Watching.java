package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;
import static waprivacy.scenario.Checks.refused;

import io.grpc.Context;
import io.grpc.Context.CancellableContext;
import io.grpc.Status.Code;
import java.util.Iterator;
import java.util.List;
import waprivacy.v1.Origin;
import waprivacy.v1.PrivacySetting;
import waprivacy.v1.StatusVisibility;
import waprivacy.v1.WatchPrivacySettingsRequest;
import waprivacy.v1.WatchPrivacySettingsResponse;
import waprivacy.v1.WatchPrivacySettingsResponse.Change;
import waprivacy.v1.WatchPrivacySettingsResponse.EventCase;

/** Changes are followed. */
final class Watching {
  private Watching() {}

  static void aChangeOfThePhoneIsWatchedUntilCancelled(Desk desk) throws Exception {
    WatchPrivacySettingsRequest request =
        WatchPrivacySettingsRequest.newBuilder().addInstances(desk.instance()).build();
    CancellableContext context = Context.current().withCancellation();
    Iterator<WatchPrivacySettingsResponse> events =
        context.call(() -> desk.own().privacy().watchPrivacySettings(request));
    expect("the first event", events.next().getEventCase(), EventCase.SNAPSHOT);
    desk.phone().setPrivacy("status", "none");
    Change change = events.next().getChange();
    expect("what changed", change.getChangedList(), List.of(PrivacySetting.PRIVACY_SETTING_STATUS));
    StatusVisibility status = change.getSettings().getVisibility().getStatus();
    expect("its new value", status, StatusVisibility.STATUS_VISIBILITY_NONE);
    expect("who changed it", change.getOrigin(), Origin.ORIGIN_OTHER_DEVICE);
    context.cancel(null);
    refused(Code.CANCELLED, "", events::next);
  }
}
