"""What the contract says, held against what came."""

from contextlib import contextmanager
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import grpc
from wa_privacy.errors import reason_of


class ContractBroken(Exception):
    """Something is not as the contract says."""


def expect(what: str, got: object, wanted: object) -> None:
    if got != wanted:
        raise ContractBroken(f"{what}: {got!r}, not {wanted!r}")


@dataclass
class Refusal:
    """The error of a call; known when the block has ended."""

    error: grpc.RpcError = grpc.RpcError()


@contextmanager
def refused(code: grpc.StatusCode, reason: str) -> Iterator[Refusal]:
    """The call in the block fails so."""
    refusal = Refusal()
    try:
        yield refusal
    except grpc.RpcError as error:
        refusal.error = error
        expect(f"the error ({error.details()})", (error.code(), reason_of(error)), (code, reason))
        return
    raise ContractBroken(f"OK, not {code.name} {reason}")


def failure_of(call: Callable[..., object], *args: object, **options: Any) -> grpc.RpcError:
    """The error of a call that must fail, however."""
    try:
        call(*args, **options)
    except grpc.RpcError as error:
        return error
    raise ContractBroken("OK, though nobody answered")
