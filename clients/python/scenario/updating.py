"""Settings are read and changed; what failed is told setting by setting."""

from uuid import uuid4

import grpc
from wa_privacy.enums import name_of
from wa_privacy.errors import apply_failure_of, outcomes_of, reason_of, violations_of
from wa_privacy.v1.errors_pb2 import ErrorReason, SettingOutcome
from wa_privacy.v1.privacy_service_pb2 import (
    ON_FAILURE_CONTINUE,
    ApplyPrivacySettingsRequest,
    GetPrivacySettingsRequest,
    UpdatePrivacySettingsRequest,
)
from wa_privacy.v1.privacy_settings_pb2 import (
    CALL_ADD_PERMISSION_KNOWN,
    GROUP_ADD_PERMISSION_ALL,
    GROUP_ADD_PERMISSION_CONTACTS,
    LAST_SEEN_VISIBILITY_ALL,
    LAST_SEEN_VISIBILITY_CONTACTS,
    ONLINE_VISIBILITY_MATCH_LAST_SEEN,
    PROFILE_VISIBILITY_CONTACTS,
    PROFILE_VISIBILITY_NONE,
    READ_RECEIPTS_MODE_ALL,
    READ_RECEIPTS_MODE_NONE,
    STATUS_VISIBILITY_CONTACTS,
    LastSeenVisibility,
    Permissions,
    Privacy,
    PrivacySetting,
    Visibility,
)

from .checks import expect, refused
from .desk import Desk

ABORTED = grpc.StatusCode.ABORTED
SETTING = PrivacySetting.DESCRIPTOR.values_by_name


def told(outcomes: list[SettingOutcome]) -> list[str]:
    """As `LAST_SEEN contacts -> all: FAILED WHATSAPP_REJECTED`."""

    def one(outcome: SettingOutcome) -> str:
        setting = name_of(PrivacySetting, outcome.setting).removeprefix("PRIVACY_SETTING_")
        state = name_of(SettingOutcome.State, outcome.state).removeprefix("STATE_")
        reason = name_of(ErrorReason, outcome.reason).removeprefix("ERROR_REASON_") if outcome.reason else ""
        return f"{setting} {outcome.previous_value} -> {outcome.requested_value}: {state} {reason}".rstrip()

    return [one(outcome) for outcome in outcomes]


def settings_are_read(desk: Desk) -> None:
    settings = desk.own.privacy.GetPrivacySettings(GetPrivacySettingsRequest(instance=desk.instance)).settings
    expect("last_seen", settings.visibility.last_seen, LAST_SEEN_VISIBILITY_ALL)
    expect("whether read_receipts is reported", settings.privacy.HasField("read_receipts"), True)


def seven_settings_are_changed(desk: Desk) -> None:
    request = UpdatePrivacySettingsRequest(
        instance=desk.instance,
        visibility=Visibility(
            last_seen=LAST_SEEN_VISIBILITY_CONTACTS,
            status=STATUS_VISIBILITY_CONTACTS,
            profile=PROFILE_VISIBILITY_CONTACTS,
            online=ONLINE_VISIBILITY_MATCH_LAST_SEEN,
        ),
        privacy=Privacy(read_receipts=READ_RECEIPTS_MODE_NONE),
        permissions=Permissions(call_add=CALL_ADD_PERMISSION_KNOWN, group_add=GROUP_ADD_PERMISSION_CONTACTS),
        request_id=str(uuid4()),
    )
    answer = desk.own.privacy.UpdatePrivacySettings(request)
    expect(
        "the outcomes",
        told(answer.outcomes),
        [
            "LAST_SEEN all -> contacts: APPLIED",
            "STATUS all -> contacts: APPLIED",
            "PROFILE all -> contacts: APPLIED",
            "ONLINE all -> match_last_seen: APPLIED",
            "READ_RECEIPTS all -> none: APPLIED",
            "CALL_ADD all -> known: APPLIED",
            "GROUP_ADD all -> contacts: APPLIED",
        ],
    )
    expect("what was read back", answer.settings.visibility, request.visibility)
    # A lost answer is no reason to guess: the same request with its request_id gets the first answer again.
    expect("the answer to a repetition", desk.own.privacy.UpdatePrivacySettings(request), answer)


def a_partial_failure_tells_every_outcome(desk: Desk) -> None:
    request = UpdatePrivacySettingsRequest(
        instance=desk.instance,
        visibility=Visibility(last_seen=LAST_SEEN_VISIBILITY_CONTACTS, profile=PROFILE_VISIBILITY_NONE),
        privacy=Privacy(read_receipts=READ_RECEIPTS_MODE_ALL),
        permissions=Permissions(group_add=GROUP_ADD_PERMISSION_ALL),
        on_failure=ON_FAILURE_CONTINUE,
    )
    fault = {
        "match": {"on": "privacy_set", "category": "groupadd"},
        "effect": {"do": "refuse_category", "code": 403, "text": "forbidden"},
    }
    with desk.phone.simulator.faults(fault), refused(ABORTED, "PARTIAL_UPDATE") as refusal:
        desk.own.privacy.UpdatePrivacySettings(request)
    expect(
        "the outcomes",
        told(outcomes_of(refusal.error)),
        [
            "LAST_SEEN contacts -> contacts: UNCHANGED",
            "PROFILE contacts -> none: APPLIED",
            "READ_RECEIPTS none -> all: APPLIED",
            "GROUP_ADD contacts -> all: FAILED WHATSAPP_REJECTED",
        ],
    )


def several_instances_are_changed_at_once(desk: Desk, other: Desk) -> None:
    """Each is told as it ends; one that is not there stops none."""
    instances = [desk.instance, other.instance, "nobody"]
    visibility = Visibility(last_seen=LAST_SEEN_VISIBILITY_ALL)
    request = ApplyPrivacySettingsRequest(instances=instances, visibility=visibility)
    ends: dict[str, str] = {}
    with refused(ABORTED, "PARTIAL_UPDATE") as refusal:
        for end in desk.account.privacy.ApplyPrivacySettings(request):
            failed = end.WhichOneof("result") == "error"
            ends[end.instance] = reason_of(end.error) if failed else told(end.success.outcomes)[0]
    expect(
        "how they ended",
        ends,
        {
            desk.instance: "LAST_SEEN contacts -> all: APPLIED",
            other.instance: "LAST_SEEN all -> all: UNCHANGED",
            "nobody": "INSTANCE_NOT_FOUND",
        },
    )
    failure = apply_failure_of(refusal.error)
    expect("which failed", failure and [instances[index] for index in failure.failed_indexes], ["nobody"])


def a_number_without_a_name_is_told_apart(desk: Desk) -> None:
    """Enums are open: a newer service may send numbers that this client has no name for, and keeps."""
    visibility = Visibility.FromString(Visibility(last_seen=77).SerializeToString())
    expect("the number", visibility.last_seen, 77)
    expect("its name", name_of(LastSeenVisibility, visibility.last_seen), "77")
    request = UpdatePrivacySettingsRequest(instance=desk.instance, visibility=visibility)
    with refused(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST") as refusal:
        desk.own.privacy.UpdatePrivacySettings(request)
    expect("the field that is wrong", list(violations_of(refusal.error)), ["visibility.last_seen"])


def a_word_without_a_number_arrives_as_it_is(desk: Desk) -> None:
    """The typed field is absent then; the words of WhatsApp are always sent beside it."""
    desk.phone.set_privacy("stickers", "a-newer-word")
    settings = desk.own.privacy.GetPrivacySettings(GetPrivacySettingsRequest(instance=desk.instance)).settings
    expect("whether stickers has a value", settings.permissions.HasField("stickers"), False)
    words = {reported.category: reported.value for reported in settings.categories}
    expect("its word", words.get("stickers"), "a-newer-word")
