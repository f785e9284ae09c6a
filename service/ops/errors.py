"""What stands between an operator and what they asked for: each one line that says what to do."""


class PreflightError(Exception):
    """What the worker or a command of `walk` needs is not there; the text says which and what to do."""


class UnreachableError(PreflightError):
    """The database or the broker does not answer: it may do so later."""


class RefusedError(PreflightError):
    """The database or the broker answers, and turns us away."""


class NotSetUpError(PreflightError):
    """It answers, but was not prepared: not migrated, or without the topics."""


class NotSoError(PreflightError):
    """What was asked for is not so: there is no such thing, or it is not in the state for it."""
