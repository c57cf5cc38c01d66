"""Changes are followed."""

from uuid import uuid4

import grpc
from wa_privacy.v1.privacy_service_pb2 import (
    ORIGIN_OTHER_DEVICE,
    ListPrivacyChangesRequest,
    PrivacyChange,
    UpdatePrivacySettingsRequest,
    WatchPrivacySettingsRequest,
)
from wa_privacy.v1.privacy_settings_pb2 import (
    PRIVACY_SETTING_STATUS,
    STATUS_VISIBILITY_CONTACTS,
    STATUS_VISIBILITY_NONE,
    Visibility,
)

from .checks import ContractBroken, expect
from .desk import Desk


def a_change_of_the_phone_is_watched_until_cancelled(desk: Desk) -> None:
    watch = desk.own.privacy.WatchPrivacySettings(WatchPrivacySettingsRequest(instances=[desk.instance]))
    expect("the first event", next(watch).WhichOneof("event"), "snapshot")
    desk.phone.set_privacy("status", "none")
    change = next(watch).change
    expect("what changed", list(change.changed), [PRIVACY_SETTING_STATUS])
    expect("its new value", change.settings.visibility.status, STATUS_VISIBILITY_NONE)
    expect("who changed it", change.origin, ORIGIN_OTHER_DEVICE)
    watch.cancel()
    try:
        event = next(watch)
    except grpc.RpcError:
        expect("the end of the watch", watch.code(), grpc.StatusCode.CANCELLED)
    else:
        raise ContractBroken(f"an event after the watch was cancelled: {event}")


def the_history_is_followed_without_a_gap(desk: Desk) -> None:
    """Each entry comes once, also when a watch ends between two of them: by the id of the last one."""
    newest = desk.own.privacy.ListPrivacyChanges(ListPrivacyChangesRequest(instance=desk.instance, page_size=1))

    desk.phone.set_privacy("status", "all")
    first = next_entry(desk, newest.changes[0].id)
    expect("what the phone did", (first.setting, first.new_value), (PRIVACY_SETTING_STATUS, "all"))
    expect("who did it", (first.origin, first.HasField("actor")), (ORIGIN_OTHER_DEVICE, False))

    request = UpdatePrivacySettingsRequest(
        instance=desk.instance,
        visibility=Visibility(status=STATUS_VISIBILITY_CONTACTS),
        request_id=str(uuid4()),
    )
    desk.own.privacy.UpdatePrivacySettings(request)  # Nobody watches now.
    second = next_entry(desk, first.id)
    expect("the request of the next entry", second.request_id, request.request_id)
    expect("whether it comes after the first", second.id > first.id, True)
    expect("whether a token did it", second.HasField("actor"), True)


def next_entry(desk: Desk, start_after: int) -> PrivacyChange:
    """Watches from behind an entry until the next one."""
    request = WatchPrivacySettingsRequest(instances=[desk.instance], start_after=start_after)
    watch = desk.own.privacy.WatchPrivacySettings(request)
    try:
        return next(event.recorded for event in watch if event.WhichOneof("event") == "recorded")
    finally:
        watch.cancel()
