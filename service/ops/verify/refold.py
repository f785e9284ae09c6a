"""Every command decided anew, in the order of its partition, through the worker's own pure fold."""

import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from uuid import UUID

import msgspec
from aiokafka import ConsumerRecord

from l1_walk_contracts import (
    Command,
    DeadLetterState,
    Outcome,
    RejectionReason,
    SessionStatus,
    Settle,
    SettleVerb,
    Topics,
    Verb,
)
from service.domain.rules import Rules
from service.ops.verify import recorded
from service.ops.verify.due import Due, DueLetter, read_record
from service.ops.verify.reach import Reach
from service.ops.verify.recorded import Recorded, Rejection
from service.ops.verify.report import Reason
from service.ops.verify.walks import Walk, Walks
from service.ops.verify.whereabouts import Whereabouts
from service.pipeline.decode import Decoded, Failed, decode, decode_record
from service.pipeline.fold import Effects, Fold, Known
from service.store.held import Hold

BEGINNINGS = (Verb.START, Verb.ESCALATE_WITHOUT_WALK)


class Refold:
    """Decides commands and notes what must have come of them.

    What the worker knew and the topic does not tell is taken as recorded: which references were known, which
    command came first of two partitions, on what the worker failed.

    Args:
        spill: what stands there, and where to note what must.
        topics: their names.
        rules: the domain's settings.
        reach: what of each partition is in reach.
        adopted: whether upstream wrote sessions before us.
        grown: whether the topic was made larger, so that sessions may have moved.
    """

    def __init__(
        self,
        spill: sqlite3.Connection,
        topics: Topics,
        rules: Rules,
        reach: Mapping[int, Reach],
        *,
        adopted: bool,
        grown: bool,
    ) -> None:
        self._spill = spill
        self._fold = Fold(topics, rules)
        self._due = Due(spill, topics)
        self._walks = Walks(spill)
        self._recorded = Recorded(spill)
        self._whereabouts = Whereabouts(spill, topics.commands)
        self._reach = reach
        self._adopted = adopted
        self._grown = grown
        self.outcomes: Counter[str] = Counter()

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Decide these records of one partition."""
        for one in decode(records):
            if self._reach[one.partition].was_set(one.offset):
                self._leave_out(one)
            elif isinstance(one.message, Settle):
                self._settle(one, one.message)
            else:
                self._decide(one)
        self._due.flush()

    def finish(self) -> None:
        """Decide what had to wait until all partitions were read."""
        for session_id, waiting in self._whereabouts.waiting():
            self._cross(session_id, waiting)
            self._due.flush()
        self._walks.flush()
        self._spill.execute(_ERASED, (Reason.ERASED,))

    def _decide(self, one: Decoded, *, crossed: bool = False, moves: bool = False) -> None:
        fault, rejection = self._recorded.fault(one), self._recorded.rejection(one)
        if fault is not None:
            one, rejection = recorded.put_aside(one, fault), None
        id_ = one.session_id
        if id_ is None:
            self._note(one, None, self._fold([one], Known({}, {}, (), ())))
            return
        walk = self._walks.get(id_)
        away = not moves and self._whereabouts.is_away(one, walk)
        if away and self._recorded.was_parked(one) and (head := self._whereabouts.held_here(one)) is not None:
            self._note(one, walk, self._fold([one], head))
        elif not crossed and fault is None and self._must_wait(one, walk, rejection, away=away):
            self._whereabouts.wait(one)
        else:
            self._note(one, walk, self._effects(one, walk, rejection, away=away))
            if away and fault is not None:
                self._whereabouts.put_aside(one)

    def _effects(
        self, one: Decoded, walk: Walk | None, rejection: Rejection | None, *, away: bool
    ) -> Effects:
        """What comes of a record.

        Where a rule refuses what nobody was told of, the worker may have known the command from another partition.
        """
        known = self._known(one, walk, rejection, away=away)
        effects = self._fold([one], known)
        refused = effects.results[0][0] is Outcome.REJECTED
        if refused and (rejection is None or rejection.reason == RejectionReason.ID_REUSED):
            elsewhere = self._whereabouts.handled_elsewhere(one)
            if elsewhere and not known.seen:
                known.seen = elsewhere
                return self._fold([one], known)
        return effects

    def _leave_out(self, one: Decoded) -> None:
        """Check nothing of this session: nobody can tell whether the worker handled this."""
        session_id = getattr(one.message, "session_id", None)
        if session_id is not None:
            self._spill.execute(_UNCHECKED, (UUID(session_id).bytes, Reason.PROGRESS_SET))

    def _known(self, one: Decoded, walk: Walk | None, rejection: Rejection | None, *, away: bool) -> Known:
        """What the database said of the command's session: as far as commands made it, else as recorded."""
        id_ = one.session_id
        told = rejection is not None and walk is None and rejection.version is not None
        if rejection is not None and id_ is not None and (away or told or rejection.strayed):
            return recorded.as_rejected(one, rejection)
        if away and walk is None:
            return recorded.from_elsewhere(one)
        unknown, gone = recorded.unknown_to(one, rejection), recorded.gone_to(one, rejection)
        if walk is None or id_ is None:
            return Known({}, {}, unknown, gone)
        known = Known({}, {}, unknown, gone)
        if walk.head is not None and walk.held_in is not None:
            known.held = {id_: Hold(id_, walk.head, walk.held_in)}
        if walk.session is not None:
            known.sessions = {id_: walk.session}
            if isinstance(one.message, Command):
                key = (id_, one.message.source, one.message.id)
                digest = self._due.seen(key)
                if digest is not None and not _was_forgotten(one, walk, digest, rejection):
                    known.seen = {key: digest}
        return known

    def _note(self, one: Decoded, walk: Walk | None, effects: Effects, at: int | None = None) -> None:
        """Keep what came of a record; `at`: at which offset of its partition, if not at its own."""
        if effects.started or effects.changed or effects.held:
            assert one.session_id is not None
            walk = walk or Walk()
            if effects.started or effects.changed:
                walk.session = (*effects.started, *(new for _, new in effects.changed))[0]
            for hold in effects.held:
                walk.head, walk.held_in = hold.dead_letter_id, hold.partition
            self._walks.put(one.session_id, walk)
        self._due.inbox(effects.inbox)
        self._due.letters(one, effects.dead_letters)
        self._due.messages(one, effects.messages, one.offset if at is None else at)
        self.outcomes.update(outcome.value for outcome, _ in effects.results)

    def _must_wait(self, one: Decoded, walk: Walk | None, rejection: Rejection | None, *, away: bool) -> bool:
        """Whether what became of it can be told only once all partitions are read."""
        if not isinstance(one.message, Command):
            return False
        if away:
            return rejection is None or rejection.by_walk
        if walk is not None or not self._whereabouts.is_kept(one):
            return False
        if one.message.verb not in BEGINNINGS:
            return rejection is None or rejection.by_walk
        if rejection is not None:
            return rejection.reason == RejectionReason.SESSION_EXISTS
        return self._began_before(one)

    def _began_before(self, one: Decoded) -> bool:
        """Whether the command began its walk when it was sent before, which the topic does not hold any more."""
        return not self._reach[one.partition].whole and self._whereabouts.was_handled_before(one)

    def _cross(self, session_id: UUID, waiting: Sequence[Decoded]) -> None:
        """Decide what waited of a session: its home is wherever its commands were handled."""
        unseen = self._walks.get(session_id) is None
        if unseen and not any(self._begins(one) for one in waiting):
            if self._adopted or not all(self._reach[one.partition].whole for one in waiting):
                reason = Reason.ADOPTED if self._adopted else Reason.START_OUT_OF_REACH
                self._spill.execute(_UNCHECKED, (session_id.bytes, reason))
                return
            unseen = False
        for one in waiting:
            if isinstance(one.message, Settle):
                self._settle(one, one.message, crossed=True)
                continue
            moves = unseen or self._grown
            if moves:
                self._move(self._walks.get(session_id), one.partition)
            self._decide(one, crossed=True, moves=moves)

    @staticmethod
    def _move(walk: Walk | None, partition: int) -> None:
        """Let a walk that meets a command from this partition find its home anew."""
        if walk is not None and walk.session is not None and walk.session.home_partition != partition:
            walk.session = msgspec.structs.replace(walk.session, home_partition=None)

    def _begins(self, one: Decoded) -> bool:
        message = one.message
        return (
            isinstance(message, Command)
            and message.verb in BEGINNINGS
            and self._recorded.rejection(one) is None
            and not self._began_before(one)
        )

    def _settle(self, one: Decoded, command: Settle, *, crossed: bool = False) -> None:
        rejection = self._recorded.rejection(one)
        if rejection is not None:
            refused = recorded.refused(one, command, rejection)
            self._note(refused, None, self._fold([refused], Known({}, {}, (), ())))
            return
        if (fault := self._recorded.fault(one)) is not None:
            self._decide(recorded.put_aside(one, fault))
            return
        letter = self._due.letter(command.dead_letter_id, one.partition)
        if letter is None and not crossed and self._whereabouts.waits(UUID(command.session_id)):
            self._whereabouts.wait(one)
            return
        self.outcomes[Outcome.ACCEPTED.value] += 1
        if letter is None or letter.behind is not None or letter.state != DeadLetterState.OPEN:
            return
        letters = [letter, *self._due.parked(letter.id)]
        self._release(letter)
        if command.verb is SettleVerb.DISCARD:
            self._due.settled(letter, DeadLetterState.DISCARDED, command.by)
            del letters[0]
        for each in letters:
            self._redrive(each, one, command)

    def _release(self, letter: DueLetter) -> None:
        one = decode_record(letter.partition, letter.offset, read_record(letter.record))
        walk = None if one.session_id is None else self._walks.get(one.session_id)
        if walk is not None and walk.head is not None and walk.head.bytes == letter.id:
            walk.head = walk.held_in = None
        self._whereabouts.release(letter.id)

    def _redrive(self, letter: DueLetter, at: Decoded, command: Settle) -> None:
        """Run one letter, at the place of the command that redrives it.

        It fails as often as the table tells, then goes through.
        """
        one = decode_record(letter.partition, letter.offset, read_record(letter.record))
        fault = self._recorded.attempts(letter.partition, letter.offset)
        if fault is not None and letter.failures < (fault.attempts or 0):
            one = recorded.put_aside(one, fault)
        rejection = None if isinstance(one.message, Failed) else self._recorded.rejection(one)
        walk = None if one.session_id is None else self._walks.get(one.session_id)
        away = one.session_id is not None and self._whereabouts.is_away(one, walk)
        head = self._whereabouts.held_here(one) if away else None
        effects = self._effects(one, walk, rejection, away=away) if head is None else self._fold([one], head)
        self._note(one, walk, effects, at.offset)
        ((outcome, reason),) = effects.results
        if outcome is Outcome.DEAD_LETTERED and away:
            self._whereabouts.put_aside(one)
        if outcome is Outcome.DEAD_LETTERED:
            self._due.failed_again(letter)
        elif outcome is not Outcome.PARKED:
            self._due.settled(letter, DeadLetterState.REDRIVEN, command.by, outcome, reason)


def _was_forgotten(one: Decoded, walk: Walk, digest: bytes, rejection: Rejection | None) -> bool:
    """Whether the inbox had dropped it, long after the walk ended: sent again, it was no duplicate."""
    ended = walk.session is not None and walk.session.status is not SessionStatus.ACTIVE
    return rejection is not None and ended and digest == one.digest


_UNCHECKED = "INSERT OR IGNORE INTO unchecked VALUES (?, ?)"
_ERASED = """
INSERT OR IGNORE INTO unchecked
SELECT session, ? FROM (
  SELECT session, account FROM walks UNION ALL SELECT session, account FROM due_letters WHERE session IS NOT NULL
) AS w JOIN erased AS e USING (account)
WHERE e.now OR NOT EXISTS (SELECT 1 FROM kept_sessions AS k WHERE k.session = w.session)
"""
