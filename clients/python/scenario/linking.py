"""Instances are made, linked and listed."""

from wa_privacy.v1.instance_service_pb2 import (
    CreateInstanceRequest,
    Instance,
    LinkInstanceRequest,
    ListInstancesRequest,
)

from .checks import expect
from .desk import Client, Desk
from .simulator import Phone
from .transport import client_with

LINK_SECONDS = 60


def linked_desk(account: Client, name: str, phone: Phone) -> Desk:
    created = account.instances.CreateInstance(CreateInstanceRequest(name=name))
    request = LinkInstanceRequest(instance=name, qr=LinkInstanceRequest.Qr())
    for step in account.instances.LinkInstance(request, timeout=LINK_SECONDS):
        if step.WhichOneof("event") == "qr_code":  # WhatsApp takes the newest one only.
            phone.scan(step.qr_code.payload)
    expect("the last step of linking", step.WhichOneof("event"), "linked")
    expect("the phone that is linked", step.linked.masked_phone_number, f"+*******{phone.number[-4:]}")
    return Desk(name, phone, account, own=client_with(created.secret))


def instances_come_in_pages(account: Client, wanted: list[str]) -> None:
    names: list[str] = []
    pages = 0
    request = ListInstancesRequest(page_size=1, state=Instance.STATE_CONNECTED)
    while pages == 0 or request.page_token:
        page = account.instances.ListInstances(request)
        names += [instance.name for instance in page.instances]
        pages += 1
        request.page_token = page.next_page_token
    expect("the instances of all pages", names, wanted)
    expect("the number of pages", pages, len(wanted))
