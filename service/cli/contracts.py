"""`walk contracts`."""

from pathlib import Path
from typing import Annotated

import typer

from service.cli.tree import examples

DEFAULT = Path("contracts/schemas")
"""Where the project keeps them."""

EXPORT_EPILOG = examples(
    ("walk contracts export", f"into {DEFAULT}, as the project has it"),
    ("walk contracts export /srv/schemas", "for those who do not write Python"),
)
CHECK_EPILOG = examples(
    ("walk contracts check", f"whether {DEFAULT} says what the code does; made for CI"),
    ("walk contracts check /srv/schemas", "whether a copy is still the one of this version"),
)


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder, made where it is not there.", file_okay=False)
    ] = DEFAULT,
) -> None:
    """Write the JSON Schemas of all commands and events, one file a type."""
    from l1_walk_contracts import schemas
    from service.cli import screen
    from service.cli.exits import CommandError, ExitCode

    try:
        written = schemas.export(folder)
    except OSError as error:
        raise CommandError(f"{folder} cannot be written: {error.strerror}", ExitCode.USAGE) from None
    for path in written:
        screen.out().print(str(path), soft_wrap=True, markup=False)
    screen.hint(f"{len(written)} schemas written")


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder.", file_okay=False)] = DEFAULT,
) -> None:
    """Compare the JSON Schemas in a folder with what this version reads and writes.

    Exit code 1 where they differ, with a line for each file.
    """
    from l1_walk_contracts import schemas
    from service.cli import screen
    from service.cli.exits import CommandError, ExitCode
    from service.cli.words import count

    if not folder.is_dir():
        raise CommandError(
            f"there is no folder {folder}: run: walk contracts export {folder}", ExitCode.USAGE
        )
    differences = schemas.check(folder)
    for line in differences:
        screen.out().print(line, style="bad", soft_wrap=True, markup=False)
    if differences:
        raise CommandError(
            f"{count(len(differences), 'schema')} of {folder} not as the code has it:"
            f" run: walk contracts export {folder}"
        )
    screen.out().print(f"the schemas in {folder} are those of this version", style="good", markup=False)
