"""Who is on the phone and who answers: clients, technicians and tickets, drawn from a seed."""

import random
import uuid
from dataclasses import dataclass

from service.dev.simulation.helpdesk import HelpDesk

COVERAGE = "l1_coverage"
_TECHNICIANS = 9
_COVERING = 2
_MOBILE = 3


def draw_uuid(rng: random.Random) -> str:
    """A random UUID in its canonical form, the same for the same seed."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


@dataclass(frozen=True)
class Technician:
    """Someone of the help desk; `acting_as` is `l1_coverage` for an engineer who covers, else None."""

    user_id: str
    acting_as: str | None
    source: str


@dataclass(frozen=True)
class Ticket:
    """A client's call for help."""

    id: str
    kind: str
    account_id: str
    caller: str
    device: str

    @property
    def key(self) -> str:
        """The key of the PSA topics."""
        return f"{self.account_id}/{self.kind}/{self.id}"

    def fill(self, text: str) -> str:
        """`text` with the caller's and the device's name in it."""
        return text.replace("{caller}", self.caller).replace("{device}", self.device)


class Staff:
    """The people of one run, and the trees that each client has published or drafted."""

    def __init__(self, rng: random.Random, desk: HelpDesk) -> None:
        self._rng = rng
        self._desk = desk
        self._accounts = [draw_uuid(rng) for _ in desk.accounts]
        self._technicians = [
            Technician(
                user_id=draw_uuid(rng),
                acting_as=COVERAGE if number < _COVERING else None,
                source="/helpdesk-app/mobile" if number % _MOBILE == 0 else "/helpdesk-app/web",
            )
            for number in range(_TECHNICIANS)
        ]
        self._targets: dict[tuple[str, str], str] = {}
        self._tickets = 481_000

    def technician(self) -> Technician:
        """Whoever takes the next call."""
        return self._rng.choice(self._technicians)

    def ticket(self) -> Ticket:
        """A new ticket of one of the clients; one in twelve is the help desk's own."""
        self._tickets += self._rng.randint(1, 3)
        internal = self._rng.random() < 1 / 12
        return Ticket(
            id=f"INT-{self._tickets}" if internal else str(self._tickets),
            kind="internal" if internal else "psa",
            account_id=self._rng.choice(self._accounts),
            caller=self._rng.choice(self._desk.callers),
            device=self._rng.choice(self._desk.devices),
        )

    def target(self, account_id: str, name: str) -> str:
        """The id under which a client keeps a tree, as a flow or as a proposal."""
        return self._targets.setdefault((account_id, name), draw_uuid(self._rng))

    def other_account(self, account_id: str) -> str:
        """Another client than this one."""
        return self._rng.choice([account for account in self._accounts if account != account_id])
