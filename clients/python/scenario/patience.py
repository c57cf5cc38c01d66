"""Deadlines, limits and retries: how an impatient or busy client fares."""

from uuid import uuid4

import grpc
from wa_privacy.enums import name_of
from wa_privacy.errors import outcomes_of, reason_of, retry_delay_of
from wa_privacy.retry import call_patiently
from wa_privacy.v1.errors_pb2 import SettingOutcome
from wa_privacy.v1.privacy_service_pb2 import GetPrivacySettingsRequest, UpdatePrivacySettingsRequest
from wa_privacy.v1.privacy_settings_pb2 import (
    PROFILE_VISIBILITY_CONTACTS,
    PROFILE_VISIBILITY_NONE,
    Visibility,
)

from .checks import ContractBroken, expect, failure_of, refused
from .desk import Desk

PATIENCE_SECONDS = 20
DEADLINE_TOO_SHORT = (grpc.StatusCode.DEADLINE_EXCEEDED, "DEADLINE_TOO_SHORT")
HOW_FAR = (["STATE_UNKNOWN"], ["STATE_NOT_ATTEMPTED"])


def a_deadline_that_is_too_short_tells_how_far_it_came(desk: Desk) -> None:
    """It may end on the way before the answer comes; then this is seen in another round."""
    silence = [
        {"match": {"on": kind}, "effect": {"do": "silence"}, "times": "always"}
        for kind in ("privacy_set", "privacy_get")
    ]
    for profile in [PROFILE_VISIBILITY_CONTACTS, PROFILE_VISIBILITY_NONE] * 5:
        request = UpdatePrivacySettingsRequest(
            instance=desk.instance, visibility=Visibility(profile=profile), request_id=str(uuid4())
        )
        with desk.phone.simulator.faults(*silence):
            error = failure_of(desk.own.privacy.UpdatePrivacySettings, request, timeout=2)
        if reason_of(error):
            expect("the error", (error.code(), reason_of(error)), DEADLINE_TOO_SHORT)
            states = [name_of(SettingOutcome.State, outcome.state) for outcome in outcomes_of(error)]
            expect(f"whether {states} is how far it came", states in HOW_FAR, True)
            return
        # The answer was lost. The same request_id gets it, and changes nothing twice.
        failure_of(desk.own.privacy.UpdatePrivacySettings, request)
    raise ContractBroken("no answer came in time")


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
        desk.own.privacy.GetPrivacySettings(GetPrivacySettingsRequest(instance=desk.instance), timeout=PATIENCE_SECONDS)
        expect("the faults that are left", desk.phone.simulator.ask("GET", "/faults"), [])


def a_long_failure_arrives_with_its_details(desk: Desk) -> None:
    """The next attempt is minutes away: no client can wait for it, and the details must not be lost over that."""
    desk.phone.refuse_clients()
    request = GetPrivacySettingsRequest(instance=desk.instance)
    with refused(grpc.StatusCode.UNAVAILABLE, "CLIENT_OUTDATED") as refusal:
        desk.own.privacy.GetPrivacySettings(request, timeout=PATIENCE_SECONDS)
    delay = retry_delay_of(refusal.error) or 0
    expect(f"whether {delay} s is longer than anybody waits", delay > PATIENCE_SECONDS, True)
