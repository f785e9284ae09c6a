"""The topics' names (design 3)."""

from dataclasses import dataclass

from .vocabulary import EventKind


@dataclass(frozen=True, slots=True)
class Topics:
    """The names of all topics under one prefix."""

    prefix: str = "l1.walk"

    @property
    def commands(self) -> str:
        """Upstream writes, the worker reads; key: session id."""
        return f"{self.prefix}.commands"

    @property
    def references(self) -> str:
        """Compacted; key: `account/ID`, `user/ID`, `flow/ID` or `proposal/ID`."""
        return f"{self.prefix}.references"

    @property
    def resolved(self) -> str:
        """For PSA connectors; key: `ACCOUNT/KIND/TICKET`."""
        return f"{self.prefix}.resolved"

    @property
    def escalated(self) -> str:
        """For PSA connectors; key: `ACCOUNT/KIND/TICKET`."""
        return f"{self.prefix}.escalated"

    @property
    def lifecycle(self) -> str:
        """Started, abandoned, feedback-recorded, proposal-validated; key: session id."""
        return f"{self.prefix}.lifecycle"

    @property
    def rejected(self) -> str:
        """Command-rejected, for upstream; key: session id."""
        return f"{self.prefix}.rejected"

    @property
    def dead_letter(self) -> str:
        """Records nobody could handle, as received, for ops."""
        return f"{self.prefix}.dead-letter"

    def for_event(self, kind: EventKind) -> str:
        """The topic that events of this kind are on."""
        match kind:
            case EventKind.RESOLVED:
                return self.resolved
            case EventKind.ESCALATED:
                return self.escalated
            case EventKind.COMMAND_REJECTED:
                return self.rejected
            case _:
                return self.lifecycle

    def all(self) -> tuple[str, ...]:
        """Every topic, commands first."""
        return (
            self.commands,
            self.references,
            self.resolved,
            self.escalated,
            self.lifecycle,
            self.rejected,
            self.dead_letter,
        )
