"""What must have been told against what was: lost, twice, out of order, different."""

import sqlite3
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from l1_walk_contracts import Topics
from service.ops.verify.report import Finding, Kind, Place, Reason, Report, What
from service.ops.verify.told import event_name, numbers
from service.pipeline.letters import letter_id

Oldest = Mapping[tuple[str, int], float]
"""For each topic and partition that has lost its beginning: milliseconds since the epoch of its oldest record."""


class EventComparison:
    """Compares events and messages of the dead-letter topic.

    Args:
        spill: both halves.
        topics: their names.
        report: is told what is found.
        oldest: which partitions have lost their beginning.
        all_chosen: whether all partitions of the commands were decided anew.
    """

    def __init__(
        self,
        spill: sqlite3.Connection,
        topics: Topics,
        report: Report,
        oldest: Oldest,
        *,
        all_chosen: bool,
    ) -> None:
        self._spill = spill
        self._topics = topics
        self._names = {number: name for name, number in numbers(topics).items()}
        self._report = report
        self._oldest = oldest
        self._all_chosen = all_chosen

    def run(self) -> None:
        """Compare all of it but what differs in itself, which `altered` has."""
        self._report.events = self._count(_DUE)
        self._report.again = self._count(_AGAIN) + self._count(_LETTERS_AGAIN)
        self._lost()
        self._other_bytes()
        self._unasked()
        self._order()
        self._letters()

    def has_unasked(self) -> bool:
        """Whether there are events that no command decided so far asked for."""
        return self._spill.execute(f"{_UNASKED} LIMIT 1").fetchone() is not None

    def altered(self) -> Iterable[tuple[Finding, bytes]]:
        """Events that are there with other bytes alone, each with the value that it must have."""
        for row in self._spill.execute(_ALTERED):
            *told, value, topic, partition, offset = row
            place = Place(self._names[topic], partition, offset)
            yield self._finding(Kind.DIFFERENT, "it says other things than it must", told, place), value

    def _lost(self) -> None:
        for *told, topic, target, stamp in self._spill.execute(_LOST):
            name = self._names[topic]
            if self._may_be_gone(name, target, stamp):
                self._report.not_checkable[Reason.EVENT_RETENTION] += 1
            else:
                place = Place(name, -1 if target is None else target, None)
                self._report.add(self._finding(Kind.LOST, "it was never told", told, place))

    def _other_bytes(self) -> None:
        for *told, topic, partition, offset in self._spill.execute(_OTHER_BYTES):
            text = "its id was told again with other bytes"
            place = Place(self._names[topic], partition, offset)
            self._report.add(self._finding(Kind.TWICE, text, told, place))

    def _unasked(self) -> None:
        for row in self._spill.execute(_UNASKED):
            id_, session, causation, type_, topic, partition, offset, whole, walked = row
            if not walked and not (self._all_chosen and whole):
                continue
            text = "no command that was handled asked for it"
            told = id_, session, type_, None, causation, None, None
            place = Place(self._names[topic], partition, offset)
            self._report.add(self._finding(Kind.TWICE, text, told, place))

    def _order(self) -> None:
        for *told, topic, partition, offset in self._spill.execute(_ORDER):
            text = "it came before one of its walk that must come first"
            place = Place(self._names[topic], partition, offset)
            self._report.add(self._finding(Kind.OUT_OF_ORDER, text, told, place))

    def _letters(self) -> None:
        for session, partition, offset, stamp, variants in self._spill.execute(_LETTERS):
            if not variants and self._may_be_gone(self._topics.dead_letter, partition, stamp):
                self._report.not_checkable[Reason.LETTER_RETENTION] += 1
                continue
            kind, text = Kind.LOST, "it was never told"
            if variants:
                kind, text = Kind.DIFFERENT, "it does not hold the record as received"
            self._report.add(
                Finding(
                    kind,
                    What.DEAD_LETTER_MESSAGE,
                    text,
                    session_id=str(UUID(bytes=session)) if session else None,
                    dead_letter_id=str(letter_id(self._topics.commands, partition, offset)),
                    command=Place(self._topics.commands, partition, offset),
                    place=Place(self._topics.dead_letter, partition, None),
                )
            )

    def _may_be_gone(self, topic: str, target: int | None, stamp: int) -> bool:
        """Whether retention may have taken what a command of that time caused; by ticket, it may be anywhere."""
        return any(
            stamp <= oldest
            for (name, partition), oldest in self._oldest.items()
            if name == topic and target in (None, partition)
        )

    def _count(self, query: str) -> int:
        return int(self._spill.execute(query).fetchone()[0] or 0)

    def _finding(self, kind: Kind, text: str, told: Iterable[Any], place: Place) -> Finding:
        id_, session, type_, source, command, partition, offset = told
        where = None if offset is None else Place(self._topics.commands, partition, offset)
        return Finding(
            kind,
            What.EVENT,
            text,
            session_id=str(UUID(bytes=session)),
            event_id=event_name(id_),
            event_type=type_,
            command_source=source,
            command_id=command,
            command=where,
            place=place,
        )


_CHECKED = "NOT EXISTS (SELECT 1 FROM unchecked AS u WHERE u.session = {0}.session)"
_TOLD = 'd.id, d.session, d.type, d.source, d.command, d.partition, d."offset"'
_VARIANT = "EXISTS (SELECT 1 FROM found AS f WHERE f.id = d.id AND f.digest = d.digest)"
_FIRST = """
JOIN found AS f ON f.id = d.id AND (f.digest, f.partition) =
  (SELECT digest, partition FROM found WHERE id = d.id ORDER BY "offset" IS NULL, partition LIMIT 1)
"""

_DUE = f"SELECT count(*) FROM due AS d WHERE {_CHECKED.format('d')}"  # noqa: S608  made of constants
_AGAIN = f"""
SELECT sum(times) - count(DISTINCT f.id) FROM found AS f JOIN due AS d USING (id, digest)
WHERE f."offset" IS NOT NULL AND {_CHECKED.format("d")}
"""  # noqa: S608
_LETTERS_AGAIN = (
    'SELECT sum(times) - count(DISTINCT partition || "/" || "offset") FROM found_letters WHERE times > 0'
)

_LOST = f"""
SELECT {_TOLD}, d.topic, d.target, d.stamp FROM due AS d
WHERE NOT EXISTS (SELECT 1 FROM found AS f WHERE f.id = d.id) AND {_CHECKED.format("d")} ORDER BY d.seq
"""  # noqa: S608
_ALTERED = f"""
SELECT {_TOLD}, a.value, f.topic, f.partition, f."offset"
FROM altered AS a JOIN due AS d USING (id) {_FIRST}
WHERE NOT {_VARIANT} AND {_CHECKED.format("d")} ORDER BY d.seq
"""  # noqa: S608
_OTHER_BYTES = f"""
SELECT {_TOLD}, f.topic, f.partition, f."offset" FROM due AS d JOIN found AS f USING (id)
WHERE f.digest <> d.digest AND {_VARIANT} AND {_CHECKED.format("d")} ORDER BY d.seq
"""  # noqa: S608
_UNASKED = f"""
SELECT f.id, f.session, f.causation, f.type, f.topic, f.partition, f."offset",
  NOT EXISTS (SELECT 1 FROM reach WHERE NOT whole AND partition = coalesce(f.origin_partition, partition)),
  EXISTS (SELECT 1 FROM walks AS w WHERE w.session = f.session)
FROM found AS f LEFT JOIN reach AS r ON r.partition = f.origin_partition
WHERE NOT EXISTS (SELECT 1 FROM due AS d WHERE d.id = f.id)
  AND (f.origin_offset IS NULL OR r.stop IS NULL OR f.origin_offset >= r.begin AND f.origin_offset < r.stop)
  AND NOT EXISTS (
    SELECT 1 FROM later AS l WHERE l.session = f.session AND (l.command = f.causation OR l.command = '')
  )
  AND {_CHECKED.format("f")}
"""  # noqa: S608
_ORDER = f"""
SELECT id, session, type, source, command, command_partition, command_offset, topic, partition, "offset" FROM (
  SELECT d.id, d.session, d.type, d.source, d.command, d.partition AS command_partition,
    d."offset" AS command_offset, f.topic, f.partition, f."offset",
    max(f."offset") OVER (
      PARTITION BY d.session, d.partition, f.topic, f.partition ORDER BY d.at, d.seq
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    ) AS latest
  FROM due AS d JOIN found AS f USING (id, digest)
  WHERE f."offset" IS NOT NULL AND {_CHECKED.format("d")}
) WHERE "offset" < latest
"""  # noqa: S608
_LETTERS = f"""
SELECT d.session, d.partition, d."offset", d.stamp,
  EXISTS (SELECT 1 FROM found_letters AS v WHERE v.partition = d.partition AND v."offset" = d."offset")
FROM due_letters AS d
WHERE d.digest IS NOT NULL AND (d.session IS NULL OR {_CHECKED.format("d")})
  AND NOT EXISTS (
    SELECT 1 FROM found_letters AS f
    WHERE f.partition = d.partition AND f."offset" = d."offset" AND f.digest = d.digest
  )
"""  # noqa: S608
