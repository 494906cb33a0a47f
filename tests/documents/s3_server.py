"""A real S3 server, S3Proxy, run by the Java that runs the broker."""

import secrets
import shutil
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.request import urlopen

from jauap.stack.artifacts import Artifact, fetch, fingerprint
from jauap.stack.installation import default_cache
from jauap.stack.java import find_java
from jauap.stack.jvm import Jvm
from jauap.stack.locks import exclusive
from jauap.stack.ports import HOST, pick

BUCKET = "documents"
PATIENCE = 60.0
CONFIGURATION = """\
s3proxy.authorization=aws-v4
s3proxy.endpoint={endpoint}
s3proxy.identity={access_key}
s3proxy.credential={secret_key}
jclouds.provider=filesystem-nio2
jclouds.identity=none
jclouds.credential=none
jclouds.filesystem.basedir={data}
"""


class S3Server(NamedTuple):
    """A running server with an empty bucket, whose objects are the files in `objects`."""

    endpoint: str
    access_key_file: Path
    secret_key_file: Path
    objects: Path

    def address(self, prefix: str, bucket: str = BUCKET, secret_key_file: Path | None = None) -> str:
        """What JAUAP_DOCUMENTS is."""
        return (
            f"s3://{bucket}/{prefix}?endpoint={self.endpoint}&region=kz-1"
            f"&access_key_file={self.access_key_file}&secret_key_file={secret_key_file or self.secret_key_file}"
        )


@contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """Start the server in a folder, wait for it, and stop it at the end."""
    [port] = pick(1)
    endpoint, objects = f"http://{HOST}:{port}", folder / "data" / BUCKET
    keys = folder / "access_key", folder / "secret_key"
    for key in keys:
        key.write_text(secrets.token_hex(16) + "\n")
    access_key, secret_key = (key.read_text().strip() for key in keys)
    objects.mkdir(parents=True)
    configuration = folder / "s3proxy.properties"
    configuration.write_text(
        CONFIGURATION.format(endpoint=endpoint, access_key=access_key, secret_key=secret_key, data=objects.parent)
    )
    jvm = Jvm(find_java(), (_jar(),), 256)
    arguments = ["-DLOG_LEVEL=warn", "-DJETTY_LOG_LEVEL=warn", "org.gaul.s3proxy.Main", "--properties"]
    command = jvm.command(folder / "scratch", [*arguments, str(configuration)])
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=jvm.environment(), stdout=log, stderr=log)
    try:
        _await(endpoint, process, folder / "log")
        yield S3Server(endpoint, *keys, objects)
    finally:
        process.kill()
        process.wait(PATIENCE)


def _jar() -> Path:
    """The pinned archive, downloaded into the cache that the stack uses, once."""
    lock = tomllib.loads(Path(__file__).with_name("s3proxy.lock.toml").read_text())
    artifacts = [Artifact(**entry) for entry in lock["s3proxy"]]
    home = default_cache() / f"s3proxy-{fingerprint(artifacts)}"
    with exclusive(default_cache() / "s3proxy.lock", PATIENCE * 5, lambda: None):
        if not home.exists():
            staging = home.with_suffix(".part")
            staging.mkdir(parents=True, exist_ok=True)
            [jar] = fetch("s3proxy", artifacts, staging, lambda _part, _words: None)
            (staging / "whole").mkdir(exist_ok=True)
            jar.rename(staging / "whole" / jar.name)
            (staging / "whole").rename(home)
            shutil.rmtree(staging)
    return home / artifacts[0].file_name


def _await(endpoint: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not _answers(endpoint):
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(log.read_text(errors="replace")[-2000:])
        time.sleep(0.05)


def _answers(endpoint: str) -> bool:
    try:
        with urlopen(endpoint, timeout=5):  # noqa: S310 - of ours
            return True
    except HTTPError as error:  # it wants a login
        error.close()
        return True
    except OSError:
        return False
