"""What was measured, for a person to read and for a program."""

import json
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from bench.contender import Contender
from bench.measure import Burst, Pace, Run
from bench.plan import Plan
from service.dev.java import KAFKA_VERSION

LIBRARIES = ("faststream", "aiokafka", "sqlalchemy", "asyncpg", "pydantic", "msgspec", "uvloop")
GOALS = {"a/b": "at least 40", "a/c": "over 1", "a/d": "at least 0.5"}


@dataclass(frozen=True)
class Results:
    """All that was measured, and where."""

    plan: Plan
    database: Mapping[str, str]
    rounds: Sequence[Sequence[Run]]
    long: Run | None

    @property
    def contenders(self) -> list[Contender]:
        """In the order in which they were measured."""
        return [run.contender for run in self.rounds[0]]

    def bursts(self, letter: str) -> list[Burst]:
        """One a round."""
        return [run.burst for run in self._of(letter)]

    def paces(self, letter: str) -> list[Pace]:
        """One a round."""
        return [run.pace for run in self._of(letter) if run.pace is not None]

    def _of(self, letter: str) -> Iterable[Run]:
        return (run for round_ in self.rounds for run in round_ if run.contender.letter == letter)

    def ratios(self) -> dict[str, list[float]]:
        """How many times as fast as each of the others (a) was, round by round."""
        mine = self.bursts("a")
        return {
            f"a/{one.letter}": [a.rate / b.rate for a, b in zip(mine, self.bursts(one.letter), strict=True)]
            for one in self.contenders
            if mine and one.letter != "a"
        }


def line(run: Run) -> str:
    """One run in a line."""
    text = f"{run.burst.rate:,.0f} commands/s, {run.burst.worker_cpu_us:,.0f} us of CPU each"
    if run.pace is not None:
        text += f", p50 {run.pace.percentile(50):.1f} ms, p99 {run.pace.percentile(99):.1f} ms"
    if run.burst.strangers > 0.1:
        text += f" (disturbed: {run.burst.strangers:.0%} of the machine was busy with something else)"
    return text


def write(results: Results, folder: Path) -> None:
    """Write `results.json` and `RESULTS.md`."""
    (folder / "results.json").write_text(json.dumps(_document(results), indent=2) + "\n")
    (folder / "RESULTS.md").write_text(markdown(results))


def markdown(results: Results) -> str:
    """The results as a page."""
    return "\n".join([*_heading(results), *_table(results), "", *_ratios(results), *_memory(results), ""])


def _heading(results: Results) -> list[str]:
    machine, plan = _machine(), results.plan
    databases = ", ".join(f"{name} {value}" for name, value in results.database.items())
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    rounds = "one round" if len(results.rounds) == 1 else f"{len(results.rounds)} rounds, in turn"
    counts = {one.letter: results.bursts(one.letter)[0].commands for one in results.contenders}
    return [
        "# How fast it is",
        "",
        (
            "Made by `make bench` (what is measured, and how, stands in `bench/measure.py`; the others in"
            " `bench/contenders`). All on one machine, broker and database too: the ratios say more than the figures."
        ),
        "",
        (
            f"- {machine['cores']} cores ({machine['processor']}), {machine['memory_gb']} GB; {machine['system']};"
            f" Python {machine['python']}; {machine['date']}"
        ),
        f"- Apache Kafka {KAFKA_VERSION}, one broker, 12 partitions a topic, every acknowledgement awaited",
        f"- PostgreSQL: {databases}",
        f"- {libraries}",
        f"- {rounds}; commands that waited: "
        + ", ".join(f"({letter}) {count:,}" for letter, count in counts.items())
        + " (fewer for the slower ones); latency, from produce to the event consumed, at"
        f" {plan.pace} commands a second for {plan.pace_seconds:.0f} s a round",
        (
            "- median of the rounds, lowest and highest in brackets; every row and every event was checked after"
            " every run"
        ),
        "",
    ]


def _table(results: Results) -> list[str]:
    rows = [
        "| | commands/s | worker CPU, us a command | PostgreSQL's | Kafka's | peak memory, MB | p50, ms | p99, ms |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in results.contenders:
        bursts, paces = results.bursts(one.letter), results.paces(one.letter)
        cells = [
            f"({one.letter}) {one.name}",
            _spread(bursts, lambda b: b.rate, ",.0f"),
            _spread(bursts, lambda b: b.worker_cpu_us, ",.0f"),
            _spread(bursts, lambda b: b.postgres_cpu_us, ",.0f"),
            _spread(bursts, lambda b: b.kafka_cpu_us, ",.0f"),
            f"{max(b.peak_mb for b in bursts):.0f}",
            _spread(paces, lambda p: p.percentile(50), ",.1f"),
            _spread(paces, lambda p: p.percentile(99), ",.1f"),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows


def _ratios(results: Results) -> list[str]:
    rows = []
    for name, ratios in results.ratios().items():
        rows.append(f"| {name} | {_spread(ratios, lambda r: r, ',.2f')} | {GOALS[name]} |")
    mine, others = results.paces("a"), results.paces("b")
    if mine and others:
        ratios = [a.percentile(99) / b.percentile(99) for a, b in zip(mine, others, strict=True)]
        rows.append(f"| p99 of a / p99 of b | {_spread(ratios, lambda r: r, ',.2f')} | at most 1 |")
    disturbed = max(run.burst.strangers for round_ in results.rounds for run in round_)
    if rows:
        rows = ["| ratio | of the same round | wanted |", "|---|---|---|", *rows, ""]
    return [*rows, f"Something else kept the machine busy for {disturbed:.0%} of a run, at most.", ""]


def _memory(results: Results) -> list[str]:
    if results.long is None:
        return []
    burst = results.long.burst
    quarters = ", ".join(f"{mb:.0f}" for mb in burst.quarters_mb)
    return [
        (
            f"Memory of (a) over {burst.commands:,} commands, after each quarter of them: {quarters} MB; at most"
            f" {burst.peak_mb:.0f} MB."
        )
    ]


def _spread(of: Sequence[Any], value: Callable[[Any], float], form: str) -> str:
    values = [value(one) for one in of]
    if not values:
        return ""
    middle = f"{median(values):{form}}"
    return middle if len(values) == 1 else f"{middle} ({min(values):{form}} to {max(values):{form}})"


def _machine() -> dict[str, Any]:
    return {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "memory_gb": round(psutil.virtual_memory().total / 1e9),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    names = [row.partition(":")[2].strip() for row in text.splitlines() if row.startswith("model name")]
    return names[0] if names else platform.machine()


def _document(results: Results) -> dict[str, Any]:
    return {
        "machine": _machine(),
        "kafka": KAFKA_VERSION,
        "postgresql": dict(results.database),
        "libraries": {name: version(name) for name in LIBRARIES},
        "plan": vars(results.plan),
        "runs": [
            {"round": number, **_run(run)}
            for number, round_ in enumerate(results.rounds, 1)
            for run in round_
        ],
        "ratios": results.ratios(),
        "long": _run(results.long) if results.long else None,
    }


def _run(run: Run) -> dict[str, Any]:
    pace = run.pace
    latency = {
        "commands_per_second": pace.rate,
        "events": len(pace.milliseconds),
        **{f"p{share}_ms": pace.percentile(share) for share in (50, 90, 99)},
    } if pace else None  # fmt: skip
    return {
        "contender": run.contender.letter,
        "name": run.contender.name,
        "commands_per_second": run.burst.rate,
        **vars(run.burst),
        "latency": latency,
    }
