"""The embedded stack: PostgreSQL and a broker of one's own, gone without a trace at the end."""

import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from service.dev.broker import Broker, BrokerName, Choice, choose, in_memory
from service.dev.children import Children
from service.dev.errors import StackError
from service.dev.kafka import EmbeddedKafka
from service.dev.memory import PARTITIONS, MemoryBroker
from service.dev.postgres import EmbeddedPostgres

Part = Literal["postgres", "broker"]


@dataclass(frozen=True)
class Step:
    """A part of the stack that begins to start, or has started."""

    part: Part
    text: str
    done: bool
    seconds: float


Progress = Callable[[Step], None]


class EmbeddedStack:
    """`with EmbeddedStack() as stack:` runs PostgreSQL and a broker side by side, on free ports of 127.0.0.1.

    Everything lies in one temporary folder, and is gone at the end: also after Ctrl-C, SIGTERM, SIGHUP and
    SIGKILL of this process. `progress` is called in the thread that enters. Entering raises `StackError`.
    """

    def __init__(self, broker: BrokerName = "auto", *, progress: Progress | None = None) -> None:
        self._wanted: BrokerName = broker
        self._progress = progress or (lambda step: None)
        self._children: Children
        self.choice: Choice
        self.postgres: EmbeddedPostgres
        self.broker: Broker

    @property
    def folder(self) -> Path:
        """The temporary folder with data and logs of everything."""
        return self._children.folder

    @property
    def env(self) -> dict[str, str]:
        """The settings that lead the worker to this stack."""
        address = {
            "WALK_DATABASE_URL": self.postgres.url(),
            "WALK_KAFKA_BOOTSTRAP_SERVERS": self.broker.bootstrap_servers,
        }
        return address | ({"WALK_TOPIC_PARTITIONS": str(PARTITIONS)} if self.choice.kind == "memory" else {})

    def spawn(
        self, command: Sequence[str | Path], *, log: str, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a process beside the stack, with the stack's settings and `env`; it is gone when the stack is.

        It writes to the file `log` of the folder. Raises `StackError` where it cannot be started.
        """
        return self._children.spawn(command, log=self.folder / log, env={**self.env, **(env or {})})

    def __enter__(self) -> Self:
        self.choice = choose(self._wanted)
        self._children = Children()
        try:
            self._start(self._children)
        except BaseException:
            self._children.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.choice.kind == "memory":
            self.broker.stop()
        self._children.close()

    def _start(self, children: Children) -> None:
        self.postgres = EmbeddedPostgres(children)
        self.broker = MemoryBroker() if self.choice.kind == "memory" else EmbeddedKafka(children)
        starts: dict[Part, Callable[[], None]] = {
            "postgres": self.postgres.start,
            "broker": self.broker.start,
        }
        began = time.monotonic()
        with ThreadPoolExecutor(len(starts), thread_name_prefix="embedded-stack") as threads:
            try:
                for part in starts:
                    self._progress(Step(part, self._text(part), done=False, seconds=0))
                running = {threads.submit(start): part for part, start in starts.items()}
                for future in as_completed(running):
                    part = running[future]
                    self._finish(future, part)
                    self._progress(Step(part, self._text(part), done=True, seconds=time.monotonic() - began))
            except BaseException:
                children.close()  # first, so that the threads do not wait for what nobody needs
                raise

    def _text(self, part: Part) -> str:
        return "PostgreSQL" if part == "postgres" else self.choice.why

    def _finish(self, future: Future[None], part: Part) -> None:
        """Raise what went wrong; where `auto` chose a Kafka that cannot be fetched, take the other one."""
        try:
            future.result()
        except StackError as error:
            if part != "broker" or self._wanted != "auto":
                raise
            self.choice = in_memory(str(error))
            self.broker = MemoryBroker()
            self.broker.start()
