package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;
import static waprivacy.scenario.Checks.refused;
import static waprivacy.scenario.Told.told;

import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.UUID;
import waprivacy.client.Errors;
import waprivacy.v1.CallAddPermission;
import waprivacy.v1.GetPrivacySettingsRequest;
import waprivacy.v1.GroupAddPermission;
import waprivacy.v1.LastSeenVisibility;
import waprivacy.v1.OnFailure;
import waprivacy.v1.OnlineVisibility;
import waprivacy.v1.Permissions;
import waprivacy.v1.Privacy;
import waprivacy.v1.PrivacySettings;
import waprivacy.v1.ProfileVisibility;
import waprivacy.v1.ReadReceiptsMode;
import waprivacy.v1.StatusVisibility;
import waprivacy.v1.UpdatePrivacySettingsRequest;
import waprivacy.v1.UpdatePrivacySettingsResponse;
import waprivacy.v1.Visibility;

/** Settings are read and changed; what failed is told setting by setting. */
final class Updating {
  private Updating() {}

  static void settingsAreRead(Desk desk) {
    PrivacySettings settings = read(desk);
    LastSeenVisibility lastSeen = settings.getVisibility().getLastSeen();
    expect("last_seen", lastSeen, LastSeenVisibility.LAST_SEEN_VISIBILITY_ALL);
    expect("whether read_receipts is reported", settings.getPrivacy().hasReadReceipts(), true);
  }

  static PrivacySettings read(Desk desk) {
    GetPrivacySettingsRequest request =
        GetPrivacySettingsRequest.newBuilder().setInstance(desk.instance()).build();
    return desk.own().privacy().getPrivacySettings(request).getSettings();
  }

  static void sevenSettingsAreChanged(Desk desk) {
    UpdatePrivacySettingsRequest request =
        UpdatePrivacySettingsRequest.newBuilder()
            .setInstance(desk.instance())
            .setVisibility(
                Visibility.newBuilder()
                    .setLastSeen(LastSeenVisibility.LAST_SEEN_VISIBILITY_CONTACTS)
                    .setStatus(StatusVisibility.STATUS_VISIBILITY_CONTACTS)
                    .setProfile(ProfileVisibility.PROFILE_VISIBILITY_CONTACTS)
                    .setOnline(OnlineVisibility.ONLINE_VISIBILITY_MATCH_LAST_SEEN))
            .setPrivacy(Privacy.newBuilder().setReadReceipts(ReadReceiptsMode.READ_RECEIPTS_MODE_NONE))
            .setPermissions(
                Permissions.newBuilder()
                    .setCallAdd(CallAddPermission.CALL_ADD_PERMISSION_KNOWN)
                    .setGroupAdd(GroupAddPermission.GROUP_ADD_PERMISSION_CONTACTS))
            .setRequestId(UUID.randomUUID().toString())
            .build();
    UpdatePrivacySettingsResponse answer = desk.own().privacy().updatePrivacySettings(request);
    expect(
        "the outcomes",
        told(answer.getOutcomesList()),
        List.of(
            "LAST_SEEN all -> contacts: APPLIED",
            "STATUS all -> contacts: APPLIED",
            "PROFILE all -> contacts: APPLIED",
            "ONLINE all -> match_last_seen: APPLIED",
            "READ_RECEIPTS all -> none: APPLIED",
            "CALL_ADD all -> known: APPLIED",
            "GROUP_ADD all -> contacts: APPLIED"));
    expect("what was read back", answer.getSettings().getVisibility(), request.getVisibility());
    // A lost answer is no reason to guess: the same request with its request_id gets the first answer again.
    expect("the answer to a repetition", desk.own().privacy().updatePrivacySettings(request), answer);
  }

  static void aPartialFailureTellsEveryOutcome(Desk desk) {
    UpdatePrivacySettingsRequest request =
        UpdatePrivacySettingsRequest.newBuilder()
            .setInstance(desk.instance())
            .setVisibility(
                Visibility.newBuilder()
                    .setLastSeen(LastSeenVisibility.LAST_SEEN_VISIBILITY_CONTACTS)
                    .setProfile(ProfileVisibility.PROFILE_VISIBILITY_NONE))
            .setPrivacy(Privacy.newBuilder().setReadReceipts(ReadReceiptsMode.READ_RECEIPTS_MODE_ALL))
            .setPermissions(
                Permissions.newBuilder().setGroupAdd(GroupAddPermission.GROUP_ADD_PERMISSION_ALL))
            .setOnFailure(OnFailure.ON_FAILURE_CONTINUE)
            .build();
    String refusal =
        """
        {"match": {"on": "privacy_set", "category": "groupadd"},
         "effect": {"do": "refuse_category", "code": 403, "text": "forbidden"}}
        """;
    try (Simulator.Faults faults = desk.phone().simulator().inject(refusal)) {
      StatusRuntimeException error =
          refused(
              Code.ABORTED,
              "PARTIAL_UPDATE",
              () -> desk.own().privacy().updatePrivacySettings(request));
      expect(
          "the outcomes",
          told(Errors.outcomesOf(error)),
          List.of(
              "LAST_SEEN contacts -> contacts: UNCHANGED",
              "PROFILE contacts -> none: APPLIED",
              "READ_RECEIPTS none -> all: APPLIED",
              "GROUP_ADD contacts -> all: FAILED WHATSAPP_REJECTED"));
    }
  }
}
