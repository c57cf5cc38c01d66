"""A connection to the service."""

from collections.abc import Callable
from typing import Any

import grpc


def connect(
    address: str,
    token: str,
    *,
    ca: bytes | None = None,
    certificate: bytes | None = None,
    key: bytes | None = None,
    service_config: str | None = None,
) -> grpc.Channel:
    """A channel whose calls carry the token.

    Without `ca` it is plaintext, for a service on this machine. `certificate` and `key` are for mutual TLS. All three
    are PEM. `service_config` is JSON; clients/service-config.json is one.
    """
    options = [("grpc.service_config", service_config)] if service_config else []
    if ca is None:
        channel = grpc.insecure_channel(address, options)
    else:
        channel = grpc.secure_channel(address, grpc.ssl_channel_credentials(ca, key, certificate), options)
    return grpc.intercept_channel(channel, _WithToken(token))


class _WithToken(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    """Sends the token with each call. Call credentials would not: gRPC sends those over TLS only."""

    def __init__(self, token: str) -> None:
        self._header = ("authorization", f"Bearer {token}")

    def _send(self, continuation: Callable[..., Any], details: Any, request: Any) -> Any:
        return continuation(details._replace(metadata=[*(details.metadata or ()), self._header]), request)

    intercept_unary_unary = _send
    intercept_unary_stream = _send
