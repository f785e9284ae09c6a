"""The options that several commands share."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", metavar="", help="For programs: JSON instead of a table.")]
