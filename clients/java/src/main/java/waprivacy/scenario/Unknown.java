package waprivacy.scenario;

import static waprivacy.scenario.Checks.expect;
import static waprivacy.scenario.Checks.refused;

import com.google.rpc.BadRequest.FieldViolation;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.util.List;
import waprivacy.client.Enums;
import waprivacy.client.Errors;
import waprivacy.v1.LastSeenVisibility;
import waprivacy.v1.PrivacySettings;
import waprivacy.v1.ReportedCategory;
import waprivacy.v1.UpdatePrivacySettingsRequest;
import waprivacy.v1.Visibility;

/** What this client has no name for. */
final class Unknown {
  private Unknown() {}

  /** Enums are open: a newer service may send numbers that this client has no name for, and keeps. */
  static void aNumberWithoutANameIsToldApart(Desk desk) {
    Visibility visibility = Visibility.newBuilder().setLastSeenValue(77).build();
    expect("the value", visibility.getLastSeen(), LastSeenVisibility.UNRECOGNIZED);
    int number = visibility.getLastSeenValue();
    String name = Enums.nameOf(LastSeenVisibility.getDescriptor(), number, "LAST_SEEN_VISIBILITY_");
    expect("its name", name, "77");
    UpdatePrivacySettingsRequest request =
        UpdatePrivacySettingsRequest.newBuilder()
            .setInstance(desk.instance())
            .setVisibility(visibility)
            .build();
    StatusRuntimeException error =
        refused(
            Code.INVALID_ARGUMENT,
            "INVALID_REQUEST",
            () -> desk.own().privacy().updatePrivacySettings(request));
    List<String> fields =
        Errors.violationsOf(error).stream().map(FieldViolation::getField).toList();
    expect("the field that is wrong", fields, List.of("visibility.last_seen"));
  }

  /** The typed field is absent then; the words of WhatsApp are always sent beside it. */
  static void aWordWithoutANumberArrivesAsItIs(Desk desk) {
    desk.phone().setPrivacy("stickers", "a-newer-word");
    PrivacySettings settings = Updating.read(desk);
    expect("whether stickers has a value", settings.getPermissions().hasStickers(), false);
    ReportedCategory reported =
        ReportedCategory.newBuilder().setCategory("stickers").setValue("a-newer-word").build();
    expect("whether its word is there", settings.getCategoriesList().contains(reported), true);
  }
}
