"""What the steps work with."""

from dataclasses import dataclass

import grpc
from wa_privacy.v1.instance_service_pb2_grpc import InstanceServiceStub
from wa_privacy.v1.privacy_service_pb2_grpc import PrivacyServiceStub
from wa_privacy.v1.token_service_pb2_grpc import TokenServiceStub

from .simulator import Phone


class Client:
    """The stubs on one channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.instances = InstanceServiceStub(channel)
        self.privacy = PrivacyServiceStub(channel)
        self.tokens = TokenServiceStub(channel)


@dataclass
class Desk:
    """A linked instance, its phone, and who may call."""

    instance: str
    phone: Phone
    account: Client
    """With the account token."""
    own: Client
    """With the token of the instance."""
