package waprivacy.scenario;

import static waprivacy.client.Enums.nameOf;

import java.util.List;
import waprivacy.v1.ErrorReason;
import waprivacy.v1.PrivacySetting;
import waprivacy.v1.SettingOutcome;

/** Outcomes in words. */
final class Told {
  private Told() {}

  /** Each as {@code LAST_SEEN contacts -> all: FAILED WHATSAPP_REJECTED}. */
  static List<String> told(List<SettingOutcome> outcomes) {
    return outcomes.stream().map(Told::told).toList();
  }

  private static String told(SettingOutcome outcome) {
    String reason =
        outcome.getReasonValue() == 0
            ? ""
            : " " + nameOf(ErrorReason.getDescriptor(), outcome.getReasonValue(), "ERROR_REASON_");
    return nameOf(PrivacySetting.getDescriptor(), outcome.getSettingValue(), "PRIVACY_SETTING_")
        + " "
        + outcome.getPreviousValue()
        + " -> "
        + outcome.getRequestedValue()
        + ": "
        + nameOf(SettingOutcome.State.getDescriptor(), outcome.getStateValue(), "STATE_")
        + reason;
  }
}
