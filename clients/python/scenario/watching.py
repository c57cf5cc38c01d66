"""Changes are followed."""

import grpc
from wa_privacy.v1.privacy_service_pb2 import ORIGIN_OTHER_DEVICE, WatchPrivacySettingsRequest
from wa_privacy.v1.privacy_settings_pb2 import PRIVACY_SETTING_STATUS, STATUS_VISIBILITY_NONE

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
