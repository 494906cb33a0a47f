"""The secrets of a deployment of containers: made once, and handed to each reader in a folder of its own.

All of them stand in the folder `all`, which only who sets the deployment up may see. Each other folder is what one
container sees. What is there is kept, so an operator may put secrets and certificates of his own into `all` first.
"""

import os
from collections.abc import Collection, Mapping
from pathlib import Path

import trustme
from cryptography import x509

from jauap.messaging import access
from jauap.messaging.access import PUBLIC, new_password
from jauap.messaging.connection import read_password
from jauap.stack.credentials import ADMIN, CONTROLLER, as_java_reads_it
from jauap.stack.folder import PRIVATE

ALL = "all"
OWNER = 10001
"""The number of the image's user and group."""
READABLE = 0o400
AUTHORITY, AUTHORITY_KEY = "ca.pem", "ca.key"
POSTGRES, TABLES, READER, REGISTRY = "postgres", "database", "database-reader", "registry"
"""Logins of PostgreSQL: its administrator; who owns the tables; who reads them; the schema registry's own database."""
SERVERS: Mapping[str, tuple[str, ...]] = {
    "kafka": tuple(f"kafka-{number}" for number in range(1, 10)),
    "postgres": ("postgres",),
    "documents": ("documents",),
}
"""Who shows a certificate, and by which names the others know it inside."""
OUTSIDE = ("kafka", "documents")
"""Who is also reached from outside."""
MORE: Mapping[str, tuple[str, ...]] = {
    "kafka": (f"{ADMIN}.password", f"{CONTROLLER}.password", "kafka.pem"),
    "postgres": (
        *(f"{name}.password" for name in (POSTGRES, TABLES, READER, REGISTRY)),
        "postgres.pem",
        "postgres.key",
    ),
    REGISTRY: ("registry.properties",),
    "projector": (f"{TABLES}.password",),
    "post": (f"{READER}.password", "smtp.password"),
    "documents": ("documents.pem", "documents.key"),
    "cli": ("auditor.password", f"{READER}.password"),
}
"""Beside the authority's certificate, and a process's own password; what is not there is not handed out."""


def make(root: Path, hosts: Collection[str]) -> list[str]:
    """Make in `all` what is missing; name the files made. `hosts` are the names by which others come in from outside.

    A certificate is made anew if it was issued here and lacks one of the names.
    """
    folder = root / ALL
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    for name in (*access.processes(), PUBLIC, ADMIN, CONTROLLER, POSTGRES, TABLES, READER, REGISTRY):
        if not (folder / f"{name}.password").exists():
            _write(folder / f"{name}.password", new_password().encode())
    password = read_password(folder / f"{REGISTRY}.password")
    _write(folder / "registry.properties", f"apicurio.datasource.password={password}\n".encode())
    for server, names in SERVERS.items():
        _certify(folder, server, {*names, *(hosts if server in OUTSIDE else ())})
    return sorted(file.name for file in folder.iterdir() if before.get(file.name) != file.stat().st_mtime_ns)


def hand_out(root: Path, owners: Mapping[str, int]) -> dict[str, list[str]]:
    """Give every reader that has a folder in `root` its files, and take others away; tells which readers have which.

    `owners`: who owns a reader's files, by number, where it is not our image's user.
    """
    folder, handed = root / ALL, {}
    for reader in sorted(one.name for one in root.iterdir() if one.is_dir() and one.name != ALL):
        files = sorted(
            {AUTHORITY, f"{reader}.password", *MORE.get(reader, ())} & {one.name for one in folder.iterdir()}
        )
        for name in files:
            _write(root / reader / name, (folder / name).read_bytes().rstrip(b"\n"))
        for stranger in root.joinpath(reader).iterdir():
            if stranger.name not in files:
                stranger.unlink()
        _give(root / reader, owners.get(reader, OWNER))
        handed[reader] = files
    _give(folder, OWNER)
    return handed


def _certify(folder: Path, server: str, names: Collection[str]) -> None:
    file = folder / f"{server}.pem"
    key_there = (folder / AUTHORITY_KEY).exists()
    if file.exists() and (not key_there or _names(file) >= set(names)):
        return
    authority = _authority(folder)
    issued = authority.issue_cert(*sorted(names))
    chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    key = as_java_reads_it(issued.private_key_pem.bytes())
    _write(folder / f"{server}.key", key)
    _write(file, key + chain if server == "kafka" else chain)


def _authority(folder: Path) -> trustme.CA:
    key, certificate = folder / AUTHORITY_KEY, folder / AUTHORITY
    if key.exists():
        return trustme.CA.from_pem(certificate.read_bytes(), key.read_bytes())
    authority = trustme.CA(organization_name="jauap")
    _write(key, authority.private_key_pem.bytes())
    _write(certificate, authority.cert_pem.bytes())
    return authority


def _names(file: Path) -> set[str]:
    """The names that a certificate was issued for."""
    issued = x509.load_pem_x509_certificates(file.read_bytes())[0]
    found = issued.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))}


def _write(file: Path, content: bytes) -> None:
    """Put content into a file, whole or not at all, and not at all where it stands there already."""
    if file.exists() and file.read_bytes() == content:
        return
    draft = file.with_name(f".{file.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_bytes(content)
    draft.replace(file)


def _give(folder: Path, owner: int) -> None:
    """Let a number alone read a folder; who is not root keeps it for himself."""
    for file in (*folder.iterdir(), folder):
        if os.geteuid() == 0:
            os.chown(file, owner, owner)
        file.chmod(PRIVATE if file.is_dir() else READABLE)
