"""How the connection is secured, and who cannot make one."""

import os
from dataclasses import dataclass
from pathlib import Path

import grpc
from wa_privacy.connection import connect
from wa_privacy.v1.instance_service_pb2 import ListInstancesRequest
from wa_privacy.v1.token_service_pb2 import CreateTokenRequest, Token

from .checks import refused
from .desk import Client

SERVICE_CONFIG = Path(__file__).parent / "../../service-config.json"
SERVER = os.environ["WA_PRIVACY_SERVER"]
CERTIFICATE_NAME = "desk.example.com"


@dataclass
class Files:
    """In PEM: the CA of the service, and what the caller shows of itself."""

    ca: bytes | None
    certificate: bytes | None
    key: bytes | None


def files() -> Files:
    def named(variable: str) -> bytes | None:
        return Path(os.environ[variable]).read_bytes() if variable in os.environ else None

    return Files(named("WA_PRIVACY_CA_FILE"), named("WA_PRIVACY_CERT_FILE"), named("WA_PRIVACY_KEY_FILE"))


def client_with(token: str) -> Client:
    pem = files()
    return Client(
        connect(
            SERVER,
            token,
            ca=pem.ca,
            certificate=pem.certificate,
            key=pem.key,
            service_config=SERVICE_CONFIG.read_text(),
        )
    )


def strangers_are_kept_out(account: Client, token: str) -> None:
    pem = files()
    if pem.ca:
        cannot_connect(Client(connect(SERVER, token)))
    if pem.certificate:
        cannot_connect(Client(connect(SERVER, token, ca=pem.ca)))
        a_token_is_bound_to_a_certificate(account)


def cannot_connect(client: Client) -> None:
    with refused(grpc.StatusCode.UNAVAILABLE, ""):
        client.instances.ListInstances(ListInstancesRequest())


def a_token_is_bound_to_a_certificate(account: Client) -> None:
    def client_of(name: str) -> Client:
        request = CreateTokenRequest(
            kind=Token.KIND_ACCOUNT, access=Token.ACCESS_READ_ONLY, certificate_subject=name
        )
        return client_with(account.tokens.CreateToken(request).secret)

    client_of(CERTIFICATE_NAME).instances.ListInstances(ListInstancesRequest())
    with refused(grpc.StatusCode.UNAUTHENTICATED, "CERTIFICATE_MISMATCH"):
        client_of("another.example.com").instances.ListInstances(ListInstancesRequest())
