"""Java, and Apache Kafka's jars from Maven Central, fetched once into the user's cache folder."""

import fcntl
import functools
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

from service.dev.children import Children

KAFKA_VERSION: Final = "4.4.0"
OLDEST_JAVA: Final = 17
_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.9.0:copy-dependencies"
_POM: Final = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>l1-walk-worker</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{KAFKA_VERSION}</version>
    </dependency>
    <dependency><!-- without it Kafka logs nothing -->
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>2.25.5</version>
    </dependency>
  </dependencies>
</project>
"""


@functools.cache
def java_missing() -> str | None:
    """Why Java cannot be used here, or None where a Java 17 or newer was found."""
    try:
        said = subprocess.run(
            [java(), "-version"], capture_output=True, text=True, timeout=30, check=True
        ).stderr
    except (OSError, subprocess.SubprocessError):
        return f"Java {OLDEST_JAVA}+ not found"
    version = re.search(r'version "(?:1\.)?(\d+)', said)
    if not version or int(version[1]) < OLDEST_JAVA:
        return f"Java {OLDEST_JAVA}+ not found, only {said.splitlines()[0] if said else 'another'}"
    return None


def java() -> str:
    """The `java` to run: of JAVA_HOME, else of the PATH."""
    home = os.environ.get("JAVA_HOME")
    return str(Path(home) / "bin/java") if home else "java"


def jars_missing() -> str | None:
    """Why Kafka's jars cannot be had here, or None where they are there or Maven can fetch them."""
    return None if _jars().is_dir() or shutil.which("mvn") else "Maven not found"


def fetch_jars(children: Children) -> Path:
    """The folder with Kafka's jars; the first time, Maven fetches them (43 MB)."""
    return fetch(children, _jars(), _POM, f"Maven could not fetch Apache Kafka {KAFKA_VERSION}")


def fetch(children: Children, jars: Path, pom: str, failure: str) -> Path:
    """`jars`, a folder with what the pom depends on, which Maven fetches where it is not there.

    Whole or not at all: they are moved into place at the end, and a lock lets one process at a time do it.
    Raises `StackError` with `failure` and what Maven said.
    """
    jars.parent.mkdir(parents=True, exist_ok=True)
    with (jars.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars.is_dir():
            pom_file, log = children.folder / "pom.xml", children.folder / "maven.log"
            pom_file.write_text(pom)
            fresh = jars.with_suffix(".new")
            shutil.rmtree(fresh, ignore_errors=True)
            options = ["-DincludeScope=runtime", f"-DoutputDirectory={fresh}"]
            children.run(
                ["mvn", "-q", "-B", "-C", "-Dstyle.color=never", "-f", pom_file, _COPY, *options],
                log=log,
                failure=failure,
            )
            fresh.rename(jars)
    return jars


def cache() -> Path:
    """Where what was fetched is kept for the next time."""
    folder = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return folder / "l1-walk-worker"


def _jars() -> Path:
    return cache() / f"kafka-{KAFKA_VERSION}"
