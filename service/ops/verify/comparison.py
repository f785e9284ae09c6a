"""What must stand there against what does: joins of the two halves of the spill."""

import sqlite3
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from l1_walk_contracts import Topics
from service.ops.verify.prints import differing
from service.ops.verify.recorded import ANY_VERSION
from service.ops.verify.report import Finding, Kind, Place, Reason, Report, What
from service.pipeline.letters import letter_id


class Comparison:
    """Compares rows of the database; events are `EventComparison`'s.

    Args:
        spill: both halves.
        topics: their names.
        report: is told what is found.
        inbox_limit: walks that ended before this (seconds since the epoch) may have lost their inbox.
        letter_limit: settled and unreadable dead letters of records from before this (likewise) may be gone.
    """

    def __init__(
        self,
        spill: sqlite3.Connection,
        topics: Topics,
        report: Report,
        *,
        inbox_limit: float,
        letter_limit: float,
    ) -> None:
        self._spill = spill
        self._topics = topics
        self._report = report
        self._inbox_limit = inbox_limit
        self._letter_limit = letter_limit

    def run(self, *, adopted: bool, grown: bool) -> None:
        """Compare sessions, inbox, dead letters and holds; where the topic has grown, sessions may have no home."""
        self._leave_out_unseen(adopted=adopted)
        self._sessions(grown=grown)
        self._inbox()
        self._letters()
        self._holds()

    def count_unchecked(self) -> None:
        """Say how many sessions could not be checked, and why."""
        for reason, sessions in self._rows("SELECT reason, count(*) FROM unchecked GROUP BY reason"):
            self._report.not_checkable[Reason(reason)] += sessions

    def _leave_out_unseen(self, *, adopted: bool) -> None:
        """Sessions of which no command was seen, though that can be right."""
        if adopted:
            self._spill.execute(_UNSEEN_ADOPTED, (Reason.ADOPTED,))
        self._spill.execute(_UNSEEN_OUT_OF_REACH, (Reason.START_OUT_OF_REACH,))

    def _sessions(self, *, grown: bool) -> None:
        for session, due, kept, home in self._rows(_SESSIONS):
            self._report.sessions += 1
            if kept is None:
                self._add(Kind.LOST, What.SESSION, "its row is not there", session)
            elif fields := differing(due, kept):
                if grown and home is None and fields == ("home_partition",):
                    continue
                text = "its row is not as its commands made it"
                self._add(Kind.DIFFERENT, What.SESSION, text, session, fields=fields)
        for (session,) in self._rows(_SESSIONS_UNASKED):
            self._add(Kind.TWICE, What.SESSION, "a row that no command made", session)

    def _inbox(self) -> None:
        for row in self._rows(_INBOX):
            session, source, command, ended, updated, *columns = row
            due, kept = columns[: len(_INBOX_COLUMNS)], columns[len(_INBOX_COLUMNS) :]
            self._report.inbox += 1
            at = due[-2:]
            if kept[0] is None:
                if ended and updated < self._inbox_limit:
                    self._report.not_checkable[Reason.INBOX_RETENTION] += 1
                else:
                    text = "its inbox entry is not there"
                    self._add(Kind.LOST, What.INBOX, text, session, command=(source, command, *at))
            elif due != kept:
                pairs = zip(_INBOX_COLUMNS, due, kept, strict=True)
                fields = tuple(name for name, one, other in pairs if one != other)
                text = "its inbox entry is not as it was handled"
                self._add(
                    Kind.DIFFERENT, What.INBOX, text, session, command=(source, command, *at), fields=fields
                )
        for session, *command in self._rows(_INBOX_UNASKED):
            text = "an inbox entry of a command that was not handled"
            self._add(Kind.TWICE, What.INBOX, text, session, command=command)

    def _letters(self) -> None:
        for row in self._rows(_LETTERS):
            session, partition, offset, stamp, *columns = row
            due, kept = columns[: len(_LETTER_COLUMNS)], columns[len(_LETTER_COLUMNS) :]
            self._report.dead_letters += 1
            place = (partition, offset)
            if kept[0] is None:
                if (due[0] != "open" or session is None) and stamp / 1000 < self._letter_limit:
                    self._report.not_checkable[Reason.LETTER_RETENTION] += 1
                else:
                    self._add_letter(Kind.LOST, What.DEAD_LETTER, "its row is not there", session, place)
            elif due != kept:
                pairs = zip(_LETTER_COLUMNS, due, kept, strict=True)
                fields = tuple(name for name, one, other in pairs if one != other)
                text = "its row is not as the commands made it"
                self._add_letter(Kind.DIFFERENT, What.DEAD_LETTER, text, session, place, fields)
        for session, *place in self._rows(_LETTERS_UNASKED):
            text = "a row for a record that did not fail"
            self._add_letter(Kind.TWICE, What.DEAD_LETTER, text, session, tuple(place))

    def _holds(self) -> None:
        for session, due, kept in self._rows(_HOLDS):
            if kept is None:
                self._add(Kind.LOST, What.HELD, "it must be held and is not", session)
            elif due is None:
                self._add(Kind.TWICE, What.HELD, "it is held and must not be", session)
            else:
                self._add(Kind.DIFFERENT, What.HELD, "it is held behind another dead letter", session)

    def _rows(self, query: str) -> Iterable[Any]:
        return self._spill.execute(query)

    def _add_letter(
        self,
        kind: Kind,
        what: What,
        text: str,
        session: bytes | None,
        place: tuple[int, ...],
        fields: tuple[str, ...] = (),
    ) -> None:
        partition, offset = place
        self._report.add(
            Finding(
                kind,
                what,
                text,
                session_id=str(UUID(bytes=session)) if session else None,
                dead_letter_id=str(letter_id(self._topics.commands, partition, offset)),
                command=Place(self._topics.commands, partition, offset),
                fields=fields,
            )
        )

    def _add(
        self,
        kind: Kind,
        what: What,
        text: str,
        session: bytes,
        *,
        command: Iterable[Any] = (None, None, None, None),
        fields: tuple[str, ...] = (),
    ) -> None:
        source, id_, partition, offset = command
        self._report.add(
            Finding(
                kind,
                what,
                text,
                session_id=str(UUID(bytes=session)),
                command_source=source,
                command_id=id_,
                command=None if offset is None else Place(self._topics.commands, partition, offset),
                fields=fields,
            )
        )


_UNSEEN = """
INSERT OR IGNORE INTO unchecked SELECT k.session, ? FROM kept_sessions AS k LEFT JOIN walks AS w USING (session)
"""
_UNSEEN_ADOPTED = f"{_UNSEEN} WHERE w.state IS NULL AND k.home IS NULL"
_UNSEEN_OUT_OF_REACH = f"""
{_UNSEEN} LEFT JOIN reach AS r ON r.partition = k.home
WHERE w.state IS NULL
  AND CASE WHEN k.home IS NULL THEN EXISTS (SELECT 1 FROM reach WHERE NOT whole) ELSE NOT r.whole END
"""  # noqa: S608

_CHECKED = "NOT EXISTS (SELECT 1 FROM unchecked AS u WHERE u.session = {0}.session)"
_CHOSEN = "EXISTS (SELECT 1 FROM reach AS r WHERE r.partition = {0})"

_SESSIONS = f"""
SELECT w.session, w.columns, k.columns, k.home FROM walks AS w LEFT JOIN kept_sessions AS k USING (session)
WHERE w.state IS NOT NULL AND {_CHECKED.format("w")}
"""  # noqa: S608  made of constants
_SESSIONS_UNASKED = f"""
SELECT k.session FROM kept_sessions AS k LEFT JOIN walks AS w USING (session)
WHERE w.state IS NULL AND {_CHECKED.format("k")} AND (k.home IS NULL OR {_CHOSEN.format("k.home")})
"""  # noqa: S608

_INBOX_COLUMNS = ("digest", "outcome", "reason", "version", "origin_partition", "origin_offset")
_INBOX = f"""
SELECT d.session, d.source, d.command, s.ended, s.updated,
  d.digest, d.outcome, d.reason, iif(d.version = {ANY_VERSION}, k.version, d.version), d.partition, d."offset",
  k.digest, k.outcome, k.reason, k.version, k.partition, k."offset"
FROM due_inbox AS d LEFT JOIN kept_inbox AS k USING (session, source, command)
  LEFT JOIN kept_sessions AS s USING (session)
WHERE {_CHECKED.format("d")}
"""  # noqa: S608
_INBOX_UNASKED = f"""
SELECT k.session, k.source, k.command, k.partition, k."offset"
FROM kept_inbox AS k LEFT JOIN due_inbox AS d USING (session, source, command)
  JOIN reach AS r ON r.partition = k.partition
WHERE d.digest IS NULL AND k."offset" >= r.begin AND {_CHECKED.format("k")}
"""  # noqa: S608

_LETTER_COLUMNS = (
    "state", "parked", "parked_behind", "attempts", "outcome", "outcome_reason", "settled_by", "session_id", "content",
)  # fmt: skip
_LETTERS = f"""
SELECT d.session, d.partition, d."offset", d.stamp,
  d.state, d.parked, d.behind, d.failures, d.outcome, d.reason, d.settled_by, d.session, d.content,
  k.state, k.class = 'parked', k.behind, k.attempts, k.outcome, k.reason, k.settled_by, k.session, k.content
FROM due_letters AS d LEFT JOIN kept_letters AS k USING (partition, "offset")
WHERE d.session IS NULL OR {_CHECKED.format("d")}
"""  # noqa: S608
_LETTERS_UNASKED = f"""
SELECT k.session, k.partition, k."offset"
FROM kept_letters AS k JOIN reach AS r USING (partition) LEFT JOIN due_letters AS d USING (partition, "offset")
WHERE d.id IS NULL AND k."offset" >= r.begin AND k."offset" < r.stop
  AND NOT EXISTS (
    SELECT 1 FROM set_ranges AS g
    WHERE g.partition = k.partition AND k."offset" >= g.begin AND k."offset" < g.stop
  )
  AND (k.session IS NULL OR {_CHECKED.format("k")})
"""  # noqa: S608

_HOLDS = f"""
SELECT w.session, w.head, k.letter FROM walks AS w LEFT JOIN kept_holds AS k USING (session)
WHERE w.head IS NOT k.letter AND {_CHECKED.format("w")}
UNION ALL
SELECT k.session, NULL, k.letter FROM kept_holds AS k
WHERE NOT EXISTS (SELECT 1 FROM walks AS w WHERE w.session = k.session)
  AND {_CHOSEN.format("k.partition")} AND {_CHECKED.format("k")}
"""  # noqa: S608
