"""Documents in an S3-compatible store: JAUAP_DOCUMENTS is s3://bucket/prefix?endpoint=https://…&region=….

An object appears whole or not at all, by S3's own promise. The hash of what is sent is part of the signed request
(Signature Version 4), so that the server itself refuses bytes that were damaged on their way.
"""

import errno
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import parse_qsl, urlsplit

from jauap.documents import CHUNK, LARGEST, DocumentStore, NoSuchDocument
from jauap.settings import WrongSetting

try:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
    from botocore.response import StreamingBody
except ModuleNotFoundError as missing:
    raise WrongSetting("JAUAP_DOCUMENTS", "names S3, for which pip install 'jauap[s3]' is needed") from missing

CONNECTIONS = 64
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 5, 30, 3
QUERY = ("endpoint", "region", "access_key_file", "secret_key_file", "ca_file")


class Place(NamedTuple):
    """Where the bucket is, and how to log in."""

    bucket: str
    prefix: str
    """What stands before each document's name: empty, or ending in a slash."""
    endpoint: str | None
    """The server's address; None: Amazon's own."""
    region: str | None
    access_key: str | None
    """None, and the secret too: by the client's own ways, such as AWS_ACCESS_KEY_ID or a machine's role."""
    secret_key: str | None
    ca_file: str | None
    """PEM file of the authorities that vouch for the server; None: the machine's own."""

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}" + (f" at {self.endpoint}" if self.endpoint else "")


def place(address: str) -> Place:
    """Read JAUAP_DOCUMENTS, and the files that it names. Raises WrongSetting, which never holds a secret."""
    parts = urlsplit(address)
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(given.keys() - set(QUERY))
    if unknown:
        raise _wrong(f"has parts that are not known: {', '.join(unknown)}; there are {', '.join(QUERY)}")
    if not parts.hostname or parts.netloc != parts.hostname:
        raise _wrong("must begin with s3://bucket: keys are in files, named by access_key_file and secret_key_file")
    if ("access_key_file" in given) != ("secret_key_file" in given):
        raise _wrong("must name access_key_file and secret_key_file together")
    prefix = parts.path.strip("/")
    return Place(
        bucket=parts.hostname,
        prefix=f"{prefix}/" if prefix else "",
        endpoint=_endpoint(given.get("endpoint")),
        region=given.get("region"),
        access_key=_word_in(given.get("access_key_file")),
        secret_key=_word_in(given.get("secret_key_file")),
        ca_file=given.get("ca_file"),
    )


def _endpoint(text: str | None) -> str | None:
    if text is None:
        return None
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise _wrong("must have an endpoint such as https://s3.example")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise _wrong("must have an endpoint with https://: documents are not sent in the clear, except on loopback")
    return text


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _word_in(file: str | None) -> str | None:
    if file is None:
        return None
    try:
        return Path(file).read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"names {file}, which can't be read") from error


def _wrong(rule: str) -> WrongSetting:
    return WrongSetting("JAUAP_DOCUMENTS", rule)


class S3Store(DocumentStore):
    """Documents in a bucket. Its keys are the paths of a folder store, so that one can be copied to the other.

    Drafts are collected in the machine's folder for temporary files, because a document's hash, its name, is known
    only at its end. All that goes wrong between here and the server is an OSError that says what and where.
    """

    def __init__(self, address: str, largest: int = LARGEST) -> None:
        """Raises WrongSetting; nothing is asked of the server yet."""
        super().__init__(largest)
        self._place = where = place(address)
        try:
            session = boto3.session.Session(
                aws_access_key_id=where.access_key,
                aws_secret_access_key=where.secret_key,
                region_name=where.region,
            )
            self._client = session.client(
                "s3", endpoint_url=where.endpoint, verify=where.ca_file, config=_config(where)
            )
        except (BotoCoreError, ValueError) as error:
            raise _wrong(f"can't be used: {error}") from error

    def _has_room(self) -> None:
        """Its own quota says when it is full."""

    @contextmanager
    def _draft(self) -> Iterator[BinaryIO]:
        with tempfile.TemporaryFile() as draft:
            yield cast("BinaryIO", draft)

    def _publish(self, draft: BinaryIO, sha256: str, size: int) -> None:
        draft.seek(0)
        with self._told():
            self._client.put_object(
                Bucket=self._place.bucket,
                Key=f"{self._place.prefix}{sha256[:2]}/{sha256}",
                Body=draft,
                ContentLength=size,
                ContentType="application/octet-stream",
            )

    def _read(self, name: str) -> tuple[BinaryIO, int]:
        with self._told():
            found = self._client.get_object(Bucket=self._place.bucket, Key=self._place.prefix + name)
        return io.BufferedReader(_Bytes(found["Body"], self), CHUNK), int(found["ContentLength"])

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the client raises, as the store's own."""
        try:
            yield
        except ClientError as error:
            code = str(error.response.get("Error", {}).get("Code", "an error without a name"))
            if code == "NoSuchKey":
                raise NoSuchDocument from None
            raise self.trouble(f"the server says {code}") from error
        except (BotoCoreError, HTTPClientError) as error:
            raise self.trouble(type(error).__name__) from error

    def trouble(self, what: str) -> OSError:
        """An error that says what went wrong, and where."""
        return OSError(errno.EIO, f"S3 does not do it: {what}", str(self._place))


class _Bytes(io.RawIOBase):
    """An object's bytes as they arrive. An answer that breaks off is an error, never an end."""

    def __init__(self, body: StreamingBody, store: S3Store) -> None:
        self._body, self._store = body, store

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # Buffer has no name in 3.11
        try:
            found = self._body.read(len(buffer))
        except Exception as error:  # the client lets those of its HTTP library through
            raise self._store.trouble(f"the answer breaks off, {type(error).__name__}") from error
        buffer[: len(found)] = found
        return len(found)

    def close(self) -> None:
        self._body.close()
        super().close()


def _config(where: Place) -> Config:
    return Config(
        signature_version="s3v4",
        # Path style: a server of one's own has no name for each bucket. Signed payload: the server checks the hash.
        s3={"addressing_style": "path" if where.endpoint else "auto", "payload_signing_enabled": True},
        # Newer checksums of Amazon's in headers and trailers, which other servers refuse.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=CONNECTIONS,
    )
