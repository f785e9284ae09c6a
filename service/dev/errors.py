"""What goes wrong with the embedded stack, in one line that says what to do."""


class StackError(Exception):
    """The embedded stack cannot be started; its text is one line for the person at the terminal."""
