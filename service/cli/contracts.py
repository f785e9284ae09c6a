"""`walk contracts`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.tree import examples

if TYPE_CHECKING:
    from l1_walk_contracts.compatibility import Finding

DEFAULT = Path("contracts/schemas")
"""Where the project keeps them."""
RELEASED = Path("contracts/released")
"""The schemas of every version that was released, a folder each."""
OWN_DOCUMENT = Path("contracts/asyncapi.json")
"""The project's AsyncAPI document."""

EXPORT_EPILOG = examples(
    ("walk contracts export", f"into {DEFAULT}, as the project has it"),
    ("walk contracts export /srv/schemas", "for those who do not write Python"),
    ("walk contracts export /srv/schemas --asyncapi /srv/asyncapi.json", "and for generators of clients"),
)
CHECK_EPILOG = examples(
    ("walk contracts check", f"whether {DEFAULT} says what the code does, and breaks nobody; for CI"),
    ("walk contracts check /srv/schemas", "whether a copy is still the one of this version"),
    (
        "walk contracts check --against /srv/schemas",
        "what this version breaks for who built against that copy",
    ),
)


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder, made where it is not there.", file_okay=False)
    ] = DEFAULT,
    asyncapi: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the AsyncAPI document goes.", dir_okay=False),
    ] = None,
) -> None:
    """Write the JSON Schemas of all commands and events, one file a type.

    With --asyncapi also the AsyncAPI document of the whole service, with the default settings; the project's own stands
    beside its schemas, and is written with them.
    """
    from l1_walk_contracts import schemas
    from service.app import described
    from service.cli import screen
    from service.cli.exits import CommandError, ExitCode

    try:
        written = schemas.export(folder)
        told = f"{len(written)} schemas"
        if document := asyncapi or (OWN_DOCUMENT if folder == DEFAULT else None):
            document.write_text(described(), encoding="utf-8")
            written, told = [*written, document], f"{told} and the AsyncAPI document"
    except OSError as error:
        raise CommandError(f"{error.filename} cannot be written: {error.strerror}", ExitCode.USAGE) from None
    for path in written:
        screen.out().print(str(path), soft_wrap=True, markup=False)
    screen.hint(f"{told} written")


def check(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="DIR", help="The folder of schemas.", file_okay=False, show_default=str(DEFAULT)
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Compare this version, or DIR where it is given, with these schemas alone, as some have built against"
            " them.",
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", metavar="", help="Tell what is harmless, too.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", metavar="", help="A JSON object a finding, the harmless ones too.")
    ] = False,
) -> None:
    """Whether the JSON Schemas say what this version does, and whether it breaks who built against an earlier one.

    Commands that were ever valid must stay so, and mean the same; whoever was made for an earlier version must be able
    to read every event. Exit code 1 where files differ, or something breaks or cannot be decided.
    """
    from l1_walk_contracts import schemas
    from l1_walk_contracts.compatibility import compare
    from service.cli import screen
    from service.cli.exits import CommandError
    from service.cli.words import count

    checked = folder or DEFAULT
    differences = [] if against is not None else _differences(checked)
    versions = _released() if against is None else {against.name: _read(against)}
    new = schemas.schemas() if against is None or folder is None else _read(folder)
    findings = [found for name, old in versions.items() for found in compare(old, new, name)]
    if as_json:
        for finding in findings:
            screen.json_line(finding.json())
    else:
        _tell(findings, verbose=verbose)
    for line in differences:
        where = screen.err() if as_json else screen.out()
        where.print(line, style="bad", soft_wrap=True, markup=False)
    if differences:
        raise CommandError(
            f"{count(len(differences), 'file')} of {checked} not as the code has it:"
            f" run: walk contracts export {checked}"
        )
    if failing := sum(finding.fails for finding in findings):
        raise CommandError(f"{count(failing, 'change')} would break what others have built")
    if not as_json:
        whom = ", ".join(versions)
        if against is not None:
            well = f"{folder or 'this version'} breaks nothing for {whom}"
        else:
            well = f"the schemas in {checked} are those of the code"
            well += f", and break nothing for {whom}" if whom else ""
        screen.out().print(well, style="good", soft_wrap=True, markup=False)


def _differences(folder: Path) -> list[str]:
    from l1_walk_contracts import schemas
    from service.cli.exits import CommandError, ExitCode

    if not folder.is_dir():
        raise CommandError(
            f"there is no folder {folder}: name yours, or make it: walk contracts export {folder}",
            ExitCode.USAGE,
        )
    return [*schemas.check(folder), *(_document_differs() if folder == DEFAULT else ())]


def _released() -> dict[str, dict[str, Any]]:
    """The schemas of each released version, in order; none where this is not the project's own folder."""
    folders = [folder for folder in RELEASED.glob("*") if folder.is_dir()]
    ordered = sorted(folders, key=lambda folder: [int(part) for part in folder.name.split(".")])
    return {folder.name: _read(folder) for folder in ordered}


def _read(folder: Path) -> dict[str, Any]:
    from l1_walk_contracts.compatibility import read
    from service.cli.exits import CommandError, ExitCode

    try:
        found = read(folder)
    except (OSError, ValueError) as error:
        raise CommandError(f"the schemas in {folder} cannot be read: {error}", ExitCode.USAGE) from None
    if not found:
        raise CommandError(f"there are no schemas in {folder}", ExitCode.USAGE)
    return found


def _tell(findings: "Sequence[Finding]", *, verbose: bool) -> None:
    """A line a finding; those that fail stand first."""
    from service.cli import screen

    styles = {"breaks": "bad", "undecided": "warn", "note": "quiet"}
    for finding in sorted(findings, key=lambda one: not one.fails):
        if finding.fails or verbose:
            screen.out().print(f"{finding.verdict:9}", style=styles[finding.verdict], end=" ")
            place = f"{finding.message}#{finding.pointer}"
            screen.out().print(f"{finding.text} ({place})", soft_wrap=True, markup=False)


def _document_differs() -> list[str]:
    """How the project's AsyncAPI document differs, a line."""
    from service.app import described

    try:
        found = OWN_DOCUMENT.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return [f"../{OWN_DOCUMENT.name}: is missing"]
    return [] if found == described() else [f"../{OWN_DOCUMENT.name}: differs"]
