"""Deadlines, limits and retries: how an impatient or busy client fares."""

import grpc
from wa_privacy.errors import outcomes_of, retry_delay_of
from wa_privacy.retry import call_patiently
from wa_privacy.v1.privacy_service_pb2 import GetPrivacySettingsRequest, UpdatePrivacySettingsRequest
from wa_privacy.v1.privacy_settings_pb2 import (
    PROFILE_VISIBILITY_ALL,
    READ_RECEIPTS_MODE_NONE,
    Privacy,
    Visibility,
)

from .checks import expect, refused
from .desk import Desk
from .updating import told

DEADLINE_SECONDS = 3


def a_deadline_that_is_too_short_tells_how_far_it_came(desk: Desk) -> None:
    request = UpdatePrivacySettingsRequest(
        instance=desk.instance,
        visibility=Visibility(profile=PROFILE_VISIBILITY_ALL),
        privacy=Privacy(read_receipts=READ_RECEIPTS_MODE_NONE),
    )
    silence = [
        {"match": {"on": kind}, "effect": {"do": "silence"}, "times": "always"}
        for kind in ("privacy_set", "privacy_get")
    ]
    desk.own.privacy.GetPrivacySettings(GetPrivacySettingsRequest(instance=desk.instance))
    with desk.phone.simulator.faults(*silence):
        with refused(grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_TOO_SHORT") as refusal:
            desk.own.privacy.UpdatePrivacySettings(request, timeout=DEADLINE_SECONDS)
    expect(
        "the outcomes",
        told(outcomes_of(refusal.error)),
        [
            "PROFILE none -> all: NOT_ATTEMPTED WHATSAPP_TIMEOUT",  # It widens, and waits for what narrows.
            "READ_RECEIPTS all -> none: UNKNOWN WHATSAPP_TIMEOUT",
        ],
    )


def a_limit_says_when_to_call_again(desk: Desk) -> None:
    """The reads of one instance are limited; RetryInfo tells when the next one may leave."""
    request = GetPrivacySettingsRequest(instance=desk.instance)

    def read() -> None:
        desk.own.privacy.GetPrivacySettings(request)

    with refused(grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMITED"):
        while True:
            read()
    call_patiently(read, patience_seconds=10)


def a_passing_failure_is_retried(desk: Desk) -> None:
    """The service config repeats what changes nothing, when the service says."""
    fault = {"match": {"on": "privacy_get"}, "effect": {"do": "refuse", "code": 503}}
    with desk.phone.simulator.faults(fault):
        desk.own.privacy.GetPrivacySettings(GetPrivacySettingsRequest(instance=desk.instance), timeout=20)
        expect("the faults that are left", desk.phone.simulator.ask("GET", "/faults"), [])


def a_long_failure_arrives_with_its_details(desk: Desk) -> None:
    """A retry that does not fit the deadline is not waited for: the error that was sent is the one that arrives."""
    fault = {"match": {"on": "upgrade"}, "effect": {"do": "http", "status": 503}, "times": "always"}
    request = GetPrivacySettingsRequest(instance=desk.instance)
    delay = 0.0
    with desk.phone.simulator.faults(fault):
        desk.phone.drop_connections()
        while delay <= DEADLINE_SECONDS:  # It grows with each attempt to connect that fails.
            with refused(grpc.StatusCode.UNAVAILABLE, "INSTANCE_NOT_CONNECTED") as refusal:
                desk.own.privacy.GetPrivacySettings(request, timeout=DEADLINE_SECONDS)
            delay = retry_delay_of(refusal.error) or 0
