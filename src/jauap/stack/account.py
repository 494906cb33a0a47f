"""The user that PostgreSQL runs as: it refuses to run as root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jauap.stack.errors import StackError

_CANDIDATES = ("postgres", "nobody")

# Lets an ordinary user pass through folders that are closed to it (a checkout below /root, a
# temporary folder of mode 0700), and nothing else of root's power. The securebit is for
# PostgreSQL's access(2) check of its own program, which would otherwise forget the capability.
_THROUGH_CLOSED_FOLDERS = (
    "--securebits=+no_setuid_fixup",
    "--inh-caps=+dac_override",
    "--ambient-caps=+dac_override",
)


@dataclass(frozen=True)
class Account:
    """Whom to run a program as; `wrapper` is put before its command line."""

    uid: int
    gid: int
    wrapper: tuple[str, ...] = ()

    def command(self, argv: Sequence[str | Path]) -> list[str]:
        """The command line that runs `argv` as this user."""
        return [*self.wrapper, *(str(word) for word in argv)]

    @property
    def user(self) -> int | None:
        """For `subprocess`: None where the wrapper changes the user."""
        return None if self.wrapper else self.uid

    @property
    def group(self) -> int | None:
        """As `user`."""
        return None if self.wrapper else self.gid


def unprivileged(*needed: Path) -> Account | None:
    """Someone else than root who can reach all `needed` paths; None if we aren't root."""
    if os.geteuid() != 0:
        return None
    entry = _first_existing(_CANDIDATES)
    plain = Account(entry.pw_uid, entry.pw_gid)
    closed = [path for path in needed if not can_enter(path, entry.pw_uid, entry.pw_gid)]
    if not closed:
        return plain
    wrapped = Account(entry.pw_uid, entry.pw_gid, _wrapper(entry.pw_uid, entry.pw_gid))
    if wrapped.wrapper and _works(wrapped):
        return wrapped
    raise StackError(
        f"PostgreSQL refuses to run as root, and the user {entry.pw_name} cannot enter {closed[0]}.",
        "Run as an ordinary user, or keep the data folder and the virtual environment where"
        " every user may enter (--data-dir /var/lib/jauap).",
    )


def can_enter(folder: Path, uid: int, gid: int) -> bool:
    """Whether a user may pass through a folder and all above it."""
    return all(_may_pass(path, uid, gid) for path in (folder, *folder.parents) if path.exists())


def _may_pass(path: Path, uid: int, gid: int) -> bool:
    status = path.stat()
    if status.st_uid == uid:
        return bool(status.st_mode & 0o100)
    if status.st_gid == gid:
        return bool(status.st_mode & 0o010)
    return bool(status.st_mode & 0o001)


def _first_existing(names: Iterable[str]) -> pwd.struct_passwd:
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise StackError(
        "PostgreSQL refuses to run as root, and this machine has no user 'postgres' or 'nobody'.",
        "Run as an ordinary user, or create the user postgres.",
    )


def _wrapper(uid: int, gid: int) -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        return ()
    who = (f"--reuid={uid}", f"--regid={gid}", "--clear-groups")
    return (setpriv, *who, *_THROUGH_CLOSED_FOLDERS)


def _works(account: Account) -> bool:
    answer = subprocess.run(account.command(["true"]), capture_output=True, check=False)
    return answer.returncode == 0
