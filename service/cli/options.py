"""The options that several commands share."""

from typing import Annotated, Literal

import typer

Json = Annotated[bool, typer.Option("--json", metavar="", help="For programs: JSON instead of a table.")]

Broker = Annotated[
    Literal["auto", "memory", "kafka"],
    typer.Option(help="Real Apache Kafka, or the in-memory one; auto: Kafka where Java 17+ and Maven are."),
]
