import unittest

from google.protobuf.any_pb2 import Any
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from wa_privacy.enums import name_of
from wa_privacy.errors import outcomes_of, reason_of, retry_delay_of, violations_of
from wa_privacy.v1.errors_pb2 import PrivacyUpdateFailure, SettingOutcome


def status_with(*details: Message) -> Status:
    status = Status()
    for detail in details:
        status.details.add().Pack(detail)
    return status


class ErrorsTest(unittest.TestCase):
    def test_reads_each_detail(self) -> None:
        outcome = SettingOutcome(state=SettingOutcome.STATE_APPLIED)
        status = status_with(
            ErrorInfo(reason="PARTIAL_UPDATE", domain="wa-privacy"),
            RetryInfo(retry_delay=Duration(seconds=1, nanos=500_000_000)),
            BadRequest(field_violations=[BadRequest.FieldViolation(field="instance", description="Unknown")]),
            PrivacyUpdateFailure(outcomes=[outcome]),
        )
        self.assertEqual(reason_of(status), "PARTIAL_UPDATE")
        self.assertEqual(retry_delay_of(status), 1.5)
        self.assertEqual(violations_of(status), {"instance": "Unknown"})
        self.assertEqual(outcomes_of(status), [outcome])

    def test_passes_over_details_that_it_does_not_know(self) -> None:
        status = status_with(ErrorInfo(reason="INTERNAL", domain="wa-privacy"))
        status.details.insert(0, Any(type_url="type.googleapis.com/a.newer.Detail", value=b"\x08\x01"))
        self.assertEqual(reason_of(status), "INTERNAL")

    def test_takes_no_reason_of_another_domain(self) -> None:
        self.assertEqual(reason_of(status_with(ErrorInfo(reason="INTERNAL", domain="proxy.example"))), "")

    def test_is_empty_without_details(self) -> None:
        self.assertEqual((reason_of(Status()), outcomes_of(Status()), retry_delay_of(Status())), ("", [], None))


class EnumsTest(unittest.TestCase):
    def test_gives_the_number_where_there_is_no_name(self) -> None:
        self.assertEqual(name_of(SettingOutcome.State, SettingOutcome.STATE_FAILED), "STATE_FAILED")
        self.assertEqual(name_of(SettingOutcome.State, 77), "77")
