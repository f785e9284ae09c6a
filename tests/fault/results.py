"""What came of the playings: kept as JSON lines, shown as a table."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

from tests.fault.scenario import Scenario

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
WHY_KEPT = 300
_SEEN = ("commands", "events", "again")
"""Figures that are no part of what was done."""


class Verdict(StrEnum):
    """How a playing ended."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_RUN = "not run"


@dataclass
class Result:
    """One playing of one scenario."""

    scenario: str
    seed: int
    at: str
    """When it began, UTC."""
    verdict: Verdict = Verdict.PASSED
    why: str = ""
    """Why it failed, or was not run."""
    seconds: float = 0.0
    healed_in: float = 0.0
    """Seconds from the end of the fault until all was handled and published."""
    differences: int = 0
    figures: dict[str, int] = field(default_factory=dict)
    logs: str = ""
    """The ends of the workers' logs, where it failed."""

    def fail(self, why: str, logs: str) -> None:
        """It failed."""
        self.verdict, self.why, self.logs = Verdict.FAILED, why, logs

    def line(self) -> str:
        """One line for a terminal."""
        told = " ".join(f"{name}={count}" for name, count in sorted(self.figures.items()))
        healed = f" healed in {self.healed_in:g} s" if self.verdict is Verdict.PASSED else ""
        why = f" {self.why}" if self.why else ""
        return f"{self.scenario} seed={self.seed}: {self.verdict}{healed} ({self.seconds:g} s) {told}{why}"


def append(path: Path, result: Result) -> None:
    """Keep a result, without the logs."""
    kept = asdict(result) | {"logs": "", "why": result.why[:WHY_KEPT]}
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(kept) + "\n")


def read(path: Path) -> list[Result]:
    """The results kept so far."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Result(**(told := json.loads(line)) | {"verdict": Verdict(told["verdict"])}) for line in lines]


def table(scenarios: Iterable[Scenario], played: Iterable[Result]) -> str:
    """All scenarios in Markdown: how often each was played, what was done to it, what it came to."""
    by_name: dict[str, list[Result]] = defaultdict(list)
    for result in played:
        by_name[result.scenario].append(result)
    lines = [
        "| scenario | runs | commands | done to it | healed in, at most | seen again | differences |",
        "|---|---|---|---|---|---|---|",
        *(_row(scenario, by_name[scenario.name]) for scenario in scenarios),
    ]
    return "\n".join(lines)


def into_document(document: Path, text: str) -> None:
    """Put the table into a document, between its marks."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def _row(scenario: Scenario, played: list[Result]) -> str:
    name = f"{scenario.name} (gate)" if scenario.gate else scenario.name
    run = [result for result in played if result.verdict is not Verdict.NOT_RUN]
    if not run:
        why = f": {played[-1].why}" if played else ""
        return f"| {name} | not run{why} | | | | | |"
    sums: Counter[str] = Counter()
    for result in run:
        sums.update(result.figures)
    done = ", ".join(f"{what} {count:,}" for what, count in sorted(sums.items()) if what not in _SEEN)
    failed = sum(result.verdict is Verdict.FAILED for result in run)
    times = f"{len(run)}, {failed} failed" if failed else f"{len(run)}"
    healed = max(result.healed_in for result in run)
    differences = sum(result.differences for result in run)
    return f"| {name} | {times} | {sums['commands']:,} | {done} | {healed:.1f} s | {sums['again']:,} | {differences} |"
