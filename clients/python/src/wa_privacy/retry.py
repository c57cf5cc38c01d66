"""Calls that are made again when the service says so."""

import time
from collections.abc import Callable
from typing import TypeVar

import grpc

from .errors import retry_delay_of

Answer = TypeVar("Answer")


def call_patiently(call: Callable[[], Answer], patience_seconds: float) -> Answer:
    """Makes a call again after the time that RetryInfo tells, while the waits add up to no more than the patience.

    Give a call that changes something a request_id: a repetition then gets the first answer.
    """
    while True:
        try:
            return call()
        except grpc.RpcError as error:
            delay = retry_delay_of(error)
            if delay is None or delay > patience_seconds:
                raise
        patience_seconds -= delay
        time.sleep(delay)
