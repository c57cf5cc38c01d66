"""What the details of an error say, as values.

The service's errors carry a google.rpc.Status. One without it came from gRPC itself, or from something in between:
then reason and outcomes are empty.
"""

from typing import TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from .v1.errors_pb2 import PrivacyApplyFailure, PrivacyUpdateFailure, SettingOutcome

DOMAIN = "wa-privacy"

Detail = TypeVar("Detail", bound=Message)


def status_of(error: grpc.RpcError | Status) -> Status:
    """The status of a failed call; that of an instance in a stream or a page is one already."""
    if isinstance(error, Status):
        return error
    return rpc_status.from_call(error) or Status()


def detail_of(error: grpc.RpcError | Status, kind: type[Detail]) -> Detail | None:
    """The detail of this type, which a status has at most once."""
    for packed in status_of(error).details:
        detail = kind()
        if packed.Unpack(detail):
            return detail
    return None


def reason_of(error: grpc.RpcError | Status) -> str:
    """An ErrorReason without its prefix, as `PARTIAL_UPDATE`. A newer service may have others."""
    info = detail_of(error, ErrorInfo)
    return info.reason if info and info.domain == DOMAIN else ""


def outcomes_of(error: grpc.RpcError | Status) -> list[SettingOutcome]:
    """What became of each setting of a failed update."""
    failure = detail_of(error, PrivacyUpdateFailure)
    return list(failure.outcomes) if failure else []


def apply_failure_of(error: grpc.RpcError | Status) -> PrivacyApplyFailure | None:
    """How many instances of an Apply failed, and which."""
    return detail_of(error, PrivacyApplyFailure)


def violations_of(error: grpc.RpcError | Status) -> dict[str, str]:
    """What is wrong with the request, by field."""
    bad = detail_of(error, BadRequest)
    return {violation.field: violation.description for violation in bad.field_violations} if bad else {}


def retry_delay_of(error: grpc.RpcError | Status) -> float | None:
    """After how many seconds to call again; None when the service does not say that a repetition will do."""
    info = detail_of(error, RetryInfo)
    return info.retry_delay.ToTimedelta().total_seconds() if info else None
