"""The secrets of one stack: a password for each principal, and the certificate that the brokers show to clients."""

from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from jauap.messaging.access import new_password
from jauap.messaging.connection import Login
from jauap.stack.folder import PRIVATE, Folder
from jauap.stack.ports import HOST

ADMIN = "admin"
"""Who may do everything: brokers among themselves, and whoever sets the deployment up."""
CONTROLLER = "controller"
"""Brokers as controllers among themselves."""
SECRET = 0o600


def password(folder: Path, principal: str) -> str:
    """The password of a principal, in `<principal>.password`, which only the owner may read; made if there is none."""
    file = file_of(folder, principal)
    if not file.exists():
        write_secret(folder, principal, new_password())
    return file.read_text().strip()


def file_of(folder: Path, principal: str) -> Path:
    """The file of a principal's password."""
    return folder / f"{principal}.password"


def login(folder: Folder, principal: str, servers: str) -> str:
    """How Kafka is reached by a principal, at host:port[,host:port] of the listener for our own processes."""
    password(folder.secrets, principal)
    return str(
        Login(
            protocol="sasl_plaintext",
            user=principal,
            servers=servers,
            password_file=file_of(folder.secrets, principal),
            mechanism="PLAIN" if principal == ADMIN else "SCRAM-SHA-512",
        )
    )


def write_secret(folder: Path, principal: str, password: str) -> None:
    """Put a principal's password into its file, whole or not at all."""
    folder.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    file = file_of(folder, principal)
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=SECRET)
    draft.write_text(password + "\n")
    draft.replace(file)


def certify(folder: Folder) -> None:
    """Make the brokers' certificate for this machine, once, with an authority whose key is thrown away."""
    if folder.broker_certificate.exists():
        return
    folder.authority.parent.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="jauap on one machine")
    issued = authority.issue_cert("localhost", HOST)
    authority.cert_pem.write_to_path(str(folder.authority))
    draft = folder.broker_certificate.with_suffix(".new")
    draft.touch(mode=SECRET)
    draft.write_bytes(
        as_java_reads_it(issued.private_key_pem.bytes()) + b"".join(blob.bytes() for blob in issued.cert_chain_pems)
    )
    draft.replace(folder.broker_certificate)


def as_java_reads_it(key: bytes) -> bytes:
    """The same private key in PKCS #8, the only form that Kafka takes."""
    return load_pem_private_key(key, password=None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
