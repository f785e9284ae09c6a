"""When a pass goes on, and when the next one begins."""

from datetime import timedelta

from service.ops.upkeep import duties
from service.ops.upkeep.passes import Pass
from service.settings import Settings


def test_a_pass_goes_on_until_it_is_over_and_the_next_waits() -> None:
    now = 100.0
    one = Pass(60, clock=lambda: now)
    assert one.due()
    now += 90
    assert one.due(), "however long it takes"
    one.over()
    assert one.due(), "the next one is overdue"
    one.over()
    now += 59
    assert not one.due()
    now += 1
    assert one.due()


def test_the_sweeper_can_be_switched_off() -> None:
    def names(**settings: object) -> list[str]:
        return [duty.name for duty in duties(Settings(**settings), lambda: None)]  # type: ignore[arg-type]

    assert names(idle_after=None) == names(idle_after=timedelta(hours=1))[:-1]
