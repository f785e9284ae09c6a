"""Kafka's console tools: those that are installed, else their classes from Maven Central behind scripts of ours."""

import shutil
from pathlib import Path

from service.dev.children import Children
from service.dev.errors import StackError
from service.dev.java import cache, fetch, java, java_missing
from tests.support.servers import UnavailableError

VERSION = "4.3.1"
"""The newest of which Maven Central has the tools."""
CLASSES = {
    "kafka-console-producer.sh": "org.apache.kafka.tools.ConsoleProducer",
    "kafka-console-consumer.sh": "org.apache.kafka.tools.consumer.ConsoleConsumer",
}
POM = f"""<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>l1-walk-worker</groupId><artifactId>tools</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>{VERSION}</version>
      <exclusions><!-- Connect and its web server, which the console tools do without -->
        <exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>
      </exclusions>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-tools-api</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka-server-common</artifactId><version>{VERSION}</version>
    </dependency>
  </dependencies>
</project>
"""


def console_tools(children: Children) -> list[Path]:
    """What the PATH needs, beside what it has, so that the scripts are found.

    Raises:
        UnavailableError: they are not installed, and cannot be had.
    """
    if all(map(shutil.which, CLASSES)):
        return []
    jars = cache() / f"kafka-tools-{VERSION}"
    if missing := java_missing() or (None if jars.is_dir() or shutil.which("mvn") else "Maven not found"):
        raise UnavailableError(f"kafka-console-producer.sh is not installed, and {missing}")
    try:
        fetch(children, jars, POM, f"Maven could not fetch Kafka's tools {VERSION}")
    except StackError as error:
        raise UnavailableError(f"kafka-console-producer.sh is not installed. {error}") from error
    for name, main in CLASSES.items():
        script = children.folder / name
        script.write_text(
            f'#!/bin/sh\nexec "{java()}" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -cp "{jars}/*" {main} "$@"\n'
        )
        script.chmod(0o755)
    return [children.folder]
