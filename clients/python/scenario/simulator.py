"""The simulated WhatsApp, over its control interface: phones, and faults."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen


class Simulator:
    def __init__(self, url: str) -> None:
        self._url = url

    def add_phone(self, number: str) -> "Phone":
        self.ask("POST", "/phones", {"phoneNumber": number})
        return Phone(self, number)

    @contextmanager
    def faults(self, *faults: dict[str, Any]) -> Iterator[None]:
        """Injects them for as long as the block runs."""
        for fault in faults:
            self.ask("POST", "/faults", fault)
        try:
            yield
        finally:
            self.ask("DELETE", "/faults")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        with urlopen(Request(self._url + path, data, headers, method=method)) as answer:
            return json.loads(answer.read() or b"null")


class Phone:
    def __init__(self, simulator: Simulator, number: str) -> None:
        self.number = number
        self.simulator = simulator
        self._path = f"/phones/{number.removeprefix('+')}"

    def scan(self, qr: str) -> None:
        self.simulator.ask("POST", f"{self._path}/scan", {"qr": qr})

    def set_privacy(self, category: str, value: str) -> None:
        self.simulator.ask("PUT", f"{self._path}/settings/{category}", {"value": value})

    def refuse_clients(self) -> None:
        """WhatsApp refuses the version that the service announces, and ends the phone's connections."""
        self.simulator.ask("PATCH", "/behaviour", {"refuseClients": True})
        self.simulator.ask("POST", f"{self._path}/drop", {"how": "close"})

    def settings(self) -> dict[str, str]:
        """By wire category, as WhatsApp has them."""
        return self.simulator.ask("GET", self._path)["settings"]
