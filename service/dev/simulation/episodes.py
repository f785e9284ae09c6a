"""How a technician gets through a walk: question by question, with detours, remarks and breaks."""

from collections.abc import Callable

from service.dev.simulation.expected import Fields
from service.dev.simulation.helpdesk import Answer, Case, Ending, Node, Tree
from service.dev.simulation.people import Staff
from service.dev.simulation.walk import Walk
from service.dev.simulation.wire import timestamp

Interruption = Callable[[Walk], None]
"""What may come in between two commands of an open walk."""

_REMARK, _REMARK_IN_STEP, _SAVED_NOTES = 0.22, 0.2, 0.05
_REWIND, _MOST_REWINDS = 0.1, 2
_BREAK, _HANDOVER, _CLOCK_BEHIND = 0.02, 0.03, 0.03
_GIVES_UP, _STILL_OPEN = 0.02, 0.012
_ABANDON_REASONS = (
    "Caller hung up and does not answer.",
    "Solved itself before we were done.",
    "Duplicate of another ticket of the same caller.",
    None,
)


def walk_tree(walk: Walk, tree: Tree, staff: Staff, interrupt: Interruption) -> None:
    """Answer the questions of `tree` until one of its endings, or until somebody gives up."""
    rng = walk.rng
    ids = _node_ids(walk, tree)
    remarks = rng.sample(tree.remarks, len(tree.remarks))
    visited: list[str] = []
    given: dict[str, Answer] = {}
    rewinds, name = 0, tree.first
    while name in tree.nodes:
        walk.wait(6, 90)
        given[name] = _choose(walk, tree, tree.nodes[name], given.get(name))
        _answer(walk, tree.nodes[name], given[name], ids, remarks)
        visited.append(name)
        if rewinds < _MOST_REWINDS and rng.random() < _REWIND:
            rewinds += 1
            back = rng.randrange(len(visited))
            walk.wait(4, 40)
            walk.rewind(ids[visited[back]])
            name = visited[back]
            del visited[back:]
        else:
            name = given[name].to
        _meanwhile(walk, remarks, staff)
        interrupt(walk)
        if rng.random() < _STILL_OPEN:
            return
        if rng.random() < _GIVES_UP:
            _abandon(walk)
            return
    finish(walk, tree.endings[name])


def investigate(walk: Walk, case: Case, staff: Staff, interrupt: Interruption) -> None:
    """A free-form walk: remarks until it is clear what it was."""
    for remark in case.remarks:
        walk.wait(20, 200)
        walk.note(walk.ticket.fill(remark))
        _meanwhile(walk, [], staff)
        interrupt(walk)
        if walk.rng.random() < _GIVES_UP:
            _abandon(walk)
            return
    finish(walk, case.resolved if walk.rng.random() < 0.7 else case.escalated)


def finish(walk: Walk, ending: Ending) -> None:
    """Write down how it ended."""
    walk.wait(10, 120)
    if ending.resolution is not None:
        helpful = walk.rng.choice((True, True, True, False, None, None))
        walk.resolve(walk.ticket.fill(ending.resolution), helpful)
    elif ending.reason is not None:
        walk.escalate(walk.ticket.fill(ending.reason), ending.category)


def hear_back(walk: Walk) -> None:
    """What the client says of a resolved walk, sometimes twice, sometimes having thought better of it."""
    helpful = walk.rng.random() < 0.8
    walk.wait(120, 9_000)
    walk.feedback(helpful)
    if walk.rng.random() < 0.4:
        walk.wait(2, 600)
        walk.feedback(helpful if walk.rng.random() < 0.5 else not helpful)


def _answer(walk: Walk, node: Node, answer: Answer, ids: dict[str, str], remarks: list[str]) -> None:
    rng = walk.rng
    names_next = walk.kind != "ai_build" or rng.random() < 0.5
    data: Fields = {
        "node_id": ids[node.name],
        "question": walk.ticket.fill(node.question),
        "answer": answer.value,
        "answer_label": walk.ticket.fill(answer.label),
        "note": walk.ticket.fill(remarks.pop()) if remarks and rng.random() < _REMARK_IN_STEP else None,
        "next_node_id": ids[answer.to] if names_next else None,
    }
    walk.step(data, behind=rng.uniform(1, 200) if rng.random() < _CLOCK_BEHIND else 0)


def _choose(walk: Walk, tree: Tree, node: Node, before: Answer | None) -> Answer:
    """Any answer but the one given before; one that leads to an escalation is given half as often."""
    answers = [answer for answer in node.answers if answer is not before]
    answer = walk.rng.choice(answers)
    if answer.to in tree.endings and tree.endings[answer.to].reason is not None and walk.rng.random() < 0.5:
        return walk.rng.choice(answers)
    return answer


def _node_ids(walk: Walk, tree: Tree) -> dict[str, str]:
    names = [*tree.nodes, *tree.endings]
    if walk.kind == "ai_build":
        return {name: f"ai-{walk.rng.getrandbits(32):08x}" for name in names}
    return {name: f"{tree.name}.{name}" for name in names}


def _meanwhile(walk: Walk, remarks: list[str], staff: Staff) -> None:
    rng = walk.rng
    if remarks and rng.random() < _REMARK:
        walk.wait(5, 60)
        walk.note(walk.ticket.fill(remarks.pop()), walk.stands_at if rng.random() < 0.5 else None)
    if rng.random() < _SAVED_NOTES:
        walk.wait(2, 30)
        walk.replace_notes([*walk.books.notes, walk.ticket.fill("To do: call {caller} back.")])
    if rng.random() < _BREAK:
        walk.wait(1_000, 7_000)
    if rng.random() < _HANDOVER:
        walk.technician = staff.technician()


def _abandon(walk: Walk) -> None:
    if walk.rng.random() < 0.3:
        idle_since = walk.clock
        walk.wait(3_600, 9_000)
        walk.abandon("No activity.", timestamp(idle_since))
        return
    walk.wait(5, 300)
    walk.abandon(walk.rng.choice(_ABANDON_REASONS))
