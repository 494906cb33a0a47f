"""Ports on the loopback address: picked once, and kept."""

import secrets
import socket
import time

import psutil

from jauap.stack.errors import StackError

HOST = "127.0.0.1"

# Below the range from which the system takes the ports of outgoing connections (32768 and up
# on Linux): a client that keeps knocking while a part is down could otherwise be given, or even
# connect to, the very port that the part wants back.
_CHOICE = range(20_000, 30_000)
_AFTER_A_KILL = 3.0


def pick(count: int) -> list[int]:
    """As many different ports as asked for, free at this moment."""
    picked: list[int] = []
    while len(picked) < count:
        port = secrets.choice(_CHOICE)
        if port not in picked and is_free(port):
            picked.append(port)
    return picked


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def accepts(port: int, timeout: float = 0.5) -> bool:
    """Whether something answers there."""
    try:
        with socket.create_connection((HOST, port), timeout):
            return True
    except OSError:
        return False


def require_free(port: int, part: str) -> None:
    """Raise a `StackError` that names the port, the part and, if it can be seen, the holder.

    A killed process may hold its port for a moment after it is seen to have ended, while its threads go.
    """
    deadline = time.monotonic() + _AFTER_A_KILL
    while not is_free(port):
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    else:
        return
    holder = _holder(port)
    raise StackError(
        f"Port {port}, which {part} of this stack uses, is taken by {holder or 'another program'}.",
        "End that program and try again, or start a new stack in another folder with --data-dir.",
    )


def _holder(port: int) -> str | None:
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.laddr and connection.laddr.port == port and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    except psutil.Error:
        return None
    return None
