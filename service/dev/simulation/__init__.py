"""A help desk's traffic, made up from a seed, and the check of what came of it.

- `traffic.simulate` makes the commands and says what must come of each; `replayed.load` reads both from files.
- `publish.publish` sends them.
- `check.look` reads the session table and the topics, `check.compare` finds every difference.

It shares no code with what it checks: what must be there is written down as it is sent (`books`), never decided.
"""
