"""The chain where it is installed, and where developers use Alembic itself."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from service.store.migrate import current, head

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the wheel holds."""
    dist, target = tmp_path_factory.mktemp("dist"), tmp_path_factory.mktemp("installed")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(dist)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    (wheel,) = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(target)
    return target


def test_the_wheel_holds_the_whole_chain_and_nothing_compiled(installed: Path) -> None:
    def names(folder: Path) -> set[str]:
        return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}

    here = {name for name in names(ROOT / "migrations") if "__pycache__" not in name}
    assert names(installed / "service" / "migrations") == here
    assert len([name for name in here if name.startswith("versions")]) >= 3
    assert not (installed / "migrations").exists()


async def test_an_installed_wheel_migrates(installed: Path, empty_database_url: str, tmp_path: Path) -> None:
    code = (
        "import asyncio, os, service; from service.store import migrate; print(service.__file__);"
        "print(asyncio.run(migrate.upgrade(os.environ['WALK_DATABASE_URL'])).after)"
    )
    contracts = ROOT / "contracts" / "src"
    path = os.pathsep.join([str(installed), str(contracts)])
    done = run([sys.executable, "-c", code], tmp_path, empty_database_url, PYTHONPATH=path)

    assert done == [str(installed / "service" / "__init__.py"), head()]
    assert await current(empty_database_url) == head()


async def test_developers_can_use_alembic_itself(empty_database_url: str, tmp_path: Path) -> None:
    alembic = [sys.executable, "-m", "alembic", "-c", str(ROOT / "migrations" / "alembic.ini")]
    path = str(ROOT / "contracts" / "src")

    run([*alembic, "upgrade", "head"], tmp_path, empty_database_url, PYTHONPATH=path)
    assert await current(empty_database_url) == head()
    shown = run([*alembic, "current"], tmp_path, empty_database_url, PYTHONPATH=path)
    assert shown == [f"{head()} (head)"]
    checked = run([*alembic, "check"], tmp_path, empty_database_url, PYTHONPATH=path)
    assert checked == ["No new upgrade operations detected."]
    run([*alembic, "downgrade", "-1"], tmp_path, empty_database_url, PYTHONPATH=path)
    assert await current(empty_database_url) == "5d1c0e7a94f3"


def run(command: list[str], folder: Path, url: str, **environment: str) -> list[str]:
    """What a command prints, in an environment with little in it."""
    done = subprocess.run(
        command, cwd=folder, check=False, capture_output=True, text=True, timeout=60,
        env={"PATH": os.environ["PATH"], "WALK_DATABASE_URL": url, **environment},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
