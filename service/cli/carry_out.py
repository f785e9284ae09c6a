"""Settling the dead letters that were chosen, with what a person watches meanwhile."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import aclosing, contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import typer

from l1_walk_contracts import SettleVerb, Topics
from service.cli import screen
from service.cli.exits import CommandError, explain
from service.cli.progress import LateBar
from service.cli.views import settling as views
from service.ops import broker
from service.ops.database import connected
from service.ops.errors import PreflightError
from service.ops.settling import End, GivenUp, Order, Result, Settling, Stalled, Tally, posting
from service.ops.settling.pace import Pace

if TYPE_CHECKING:
    from service.ops.dead_letters import LetterLine
    from service.ops.settling import Choice
    from service.ops.settling.run import Note
    from service.settings import Settings

EACH_UP_TO = 50
"""Of so many letters the result of each is told; of more, those alone that are not as wished, and of these so many."""


class Terms(NamedTuple):
    """What is to be done with the letters."""

    verb: SettleVerb
    by: str
    why: str | None
    rate: float
    """So many a second."""
    patience: float
    """Seconds without anything handled."""
    keep_going: bool
    as_json: bool


class Chosen(NamedTuple):
    """The letters that were asked for."""

    choice: "Choice"
    settled: "Sequence[LetterLine]"
    """Those of them that are not open any more."""


def carry_out(settings: "Settings", terms: Terms, chosen: Chosen) -> None:
    """Settle them, tell what became of each and the sum; ends with exit code 1 where not all is as wished."""
    if not chosen.choice.letters and not chosen.settled and not terms.as_json:
        screen.out().print(views.NONE, style="good")
        return
    tally, began = Tally(), time.monotonic()
    with LateBar(views.DOING[terms.verb], chosen.choice.letters + len(chosen.settled)) as bar:
        teller = _Teller(settings, terms, chosen, tally, bar)
        for line in chosen.settled:
            result = Result(line, End(line.state), line.outcome, line.outcome_reason)
            tally.count(result)
            teller.tell(result)
        if chosen.choice.letters:
            with _told_how_far(tally):
                asyncio.run(_settle(settings, terms, chosen.choice, tally, teller))
    seconds = round(time.monotonic() - began, 3)
    if terms.as_json:
        screen.json_line(views.sum_json(tally, terms.verb, seconds))
    else:
        teller.end()
        screen.out().print(views.sum_view(tally, terms.verb, seconds))
    if teller.amiss or tally.left or tally.unhandled:
        raise typer.Exit(1)


async def _settle(
    settings: "Settings", terms: Terms, choice: "Choice", tally: Tally, teller: "_Teller"
) -> None:
    order = Order(terms.verb, Topics(settings.topic_prefix).commands, terms.keep_going, terms.patience)
    workers = partial(broker.members, settings, settings.consumer_group)
    async with (
        posting(settings, terms.verb, terms.by, terms.why) as post,
        connected(settings) as connection,
    ):
        run = Settling(order, connection, post, Pace(terms.rate), workers, tally)
        async with aclosing(run.run(choice.lots(connection))) as notes:
            async for note in notes:
                teller.tell(note)


class _Teller:
    """Tells what happens: the results on standard output, the rest beside it."""

    def __init__(
        self, settings: "Settings", terms: Terms, chosen: Chosen, tally: Tally, bar: LateBar
    ) -> None:
        self._group = settings.consumer_group
        self._terms = terms
        self._tally = tally
        self._bar = bar
        self._each = chosen.choice.letters + len(chosen.settled) <= EACH_UP_TO
        self.amiss = 0

    def tell(self, note: "Note") -> None:
        match note:
            case Result():
                self._result(note)
            case GivenUp() if not self._terms.as_json:
                self._bar.tell(views.given_up_view(note))
            case Stalled():
                screen.err().print(views.stalled_view(note, self._group), soft_wrap=True)
        self._bar.at(self._tally.settled)

    def end(self) -> None:
        """Say what was not told."""
        if not self._each and self.amiss > EACH_UP_TO:
            screen.out().print(
                f"  and {self.amiss - EACH_UP_TO:,} more that are not as wished", style="quiet"
            )

    def _result(self, result: Result) -> None:
        good = result.good(self._terms.verb)
        self.amiss += not good
        if self._terms.as_json:
            screen.json_line(views.result_json(result))
        elif self._each or (not good and self.amiss <= EACH_UP_TO):
            self._bar.tell(views.result_view(result, self._terms.verb))


@contextmanager
def _told_how_far(tally: Tally) -> Iterator[None]:
    """An error or Ctrl-C in the middle says how much was done before it."""
    try:
        yield
    except KeyboardInterrupt:
        screen.err().print(f"stopped: {views.how_far(tally)}", style="warn", soft_wrap=True)
        raise
    except PreflightError as error:
        if not tally.sent:
            raise
        raise CommandError(f"{error} ({views.how_far(tally)})", explain(error)[0]) from None
