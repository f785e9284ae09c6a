"""The simulated PSA as a process of its own: what befalls the connector does not touch it."""

import sys
from pathlib import Path
from typing import Any

import httpx

from service.dev.children import Children
from service.dev.ports import LOOPBACK, free_ports, wait_until_up

ROOT = Path(__file__).parents[3]
PROGRAM = ("-m", "examples.psa_simulator")


class Simulator:
    """`python -m examples.psa_simulator`, up when made."""

    def __init__(self, children: Children, vendor: str = "connectwise", *options: str) -> None:
        self.vendor = vendor
        port = free_ports(1)[0]
        self.url = f"http://{LOOPBACK}:{port}"
        self.log_file = children.folder / f"psa-{port}.log"
        process = children.spawn(
            [sys.executable, *PROGRAM, "--vendor", vendor, "--port", str(port), *options],
            log=self.log_file,
            env={"PYTHONPATH": str(ROOT)},
        )
        self._http = httpx.Client(base_url=self.url, trust_env=False)
        assert wait_until_up(process, self._up), self.log_file.read_text()

    def shown(self) -> dict[str, Any]:
        """What it holds."""
        shown: dict[str, Any] = self._http.get("/_simulator").json()
        return shown

    def order(self, **orders: Any) -> None:
        """`script`, `missing`, `release`: see the simulator."""
        self._http.post("/_simulator", json=orders).raise_for_status()

    def close(self) -> None:
        self._http.close()

    def _up(self) -> bool:
        try:
            self._http.get("/_simulator")
        except httpx.TransportError:
            return False
        return True
