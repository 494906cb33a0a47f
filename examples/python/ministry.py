"""Read what was forwarded to your body, and send its signed information back.

    python ministry.py read                            what is new, one JSON line each; Ctrl-C ends it
    python ministry.py read --from start --until-end   everything, and then stop
    python ministry.py submit KAZ-3-2026 information.json answer.pdf
    python ministry.py decline KAZ-3-2026 decline.json letter.pdf

Five settings by environment variable, as they were handed to you:

    JAUAP_SERVERS        brokers, host:port[,host:port]
    JAUAP_HTTP           documents and schemas, https://host:port
    JAUAP_CA             file of the authority's certificate
    JAUAP_BODY           your body's code, such as MIA
    JAUAP_PASSWORD_FILE  file of your password
"""

import argparse
import base64
import hashlib
import io
import json
import os
import ssl
import struct
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import fastavro
from confluent_kafka import OFFSET_BEGINNING, OFFSET_END, Consumer, KafkaError, Message, Producer, TopicPartition

BODY = os.environ["JAUAP_BODY"]
HTTP = os.environ["JAUAP_HTTP"]
PASSWORD = Path(os.environ["JAUAP_PASSWORD_FILE"]).read_text().strip()


def login_failed(error: KafkaError) -> None:
    """A wrong login does not get better by trying again."""
    if error.code() in (KafkaError._AUTHENTICATION, KafkaError._SSL):
        print(error, file=sys.stderr)
        os._exit(1)


LOGIN = {
    "bootstrap.servers": os.environ["JAUAP_SERVERS"],
    "security.protocol": "SASL_SSL",
    "sasl.mechanism": "SCRAM-SHA-512",
    "sasl.username": BODY,
    "sasl.password": PASSWORD,
    "ssl.ca.location": os.environ["JAUAP_CA"],
    "error_cb": login_failed,
}
FEED, SUBMIT = f"jauap.feed.{BODY}", f"jauap.submit.{BODY}"
DOCUMENTS = Path("documents")
PATIENCE = 60.0
"""Seconds within which an answer usually comes by far; while a case is repaired it comes later, on the feed."""


def http(method: str, path: str, content: bytes | None = None) -> bytes:
    """Ask for a document or a schema, or put a document."""
    request = urllib.request.Request(HTTP + path, content, method=method)
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{BODY}:{PASSWORD}".encode()).decode())
    trusted = ssl.create_default_context(cafile=os.environ["JAUAP_CA"])
    with urllib.request.urlopen(request, timeout=60, context=trusted) as answer:
        return answer.read()


SCHEMAS: dict[int, Any] = {}


def decode(value: bytes) -> Any:
    """What a record holds: a zero, the schema's id in four bytes, and then Avro."""
    _, number = struct.unpack(">bI", value[:5])
    if number not in SCHEMAS:
        SCHEMAS[number] = fastavro.parse_schema(json.loads(json.loads(http("GET", f"/schemas/ids/{number}"))["schema"]))
    return fastavro.schemaless_reader(io.BytesIO(value[5:]), SCHEMAS[number])


def encode(name: str, content: Any) -> bytes:
    """The bytes of a submission, by the newest release of its schema."""
    found = json.loads(http("GET", f"/subjects/jauap.{name}/versions/latest"))
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(json.loads(found["schema"])), content)
    return struct.pack(">bI", 0, found["id"]) + stream.getvalue()


def place(consumer: Consumer, start: str) -> TopicPartition:
    """Where to read from: the start, an offset, or an instant such as 2026-03-01T00:00:00+05:00."""
    if start in ("start", "end"):
        return TopicPartition(FEED, 0, OFFSET_BEGINNING if start == "start" else OFFSET_END)
    if start.isdigit():
        return TopicPartition(FEED, 0, int(start))
    instant = round(datetime.fromisoformat(start).timestamp() * 1000)
    return consumer.offsets_for_times([TopicPartition(FEED, 0, instant)], timeout=10)[0]


def records(consumer: Consumer, *, until_end: bool = False, seconds: float = float("inf")) -> Iterator[Message]:
    """Records as they come; so long at most."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        message = consumer.poll(1.0)
        if message is None:
            continue
        error = message.error()
        if error is None:
            yield message
        elif error.code() == KafkaError._PARTITION_EOF:
            if until_end:
                return
        elif error.code() == KafkaError._AUTO_OFFSET_RESET:
            sys.exit(f"there is nothing at that place: {error}")
        else:
            print(error, file=sys.stderr)


def read(start: str | None, *, until_end: bool) -> int:
    """Print each item once, fetch the documents that it names, and only then store how far you are.

    Who looks at a place of their choice leaves what is stored alone.
    """
    consumer = Consumer(
        {
            **LOGIN,
            "group.id": f"{BODY}.desk",  # your groups' names begin with your code
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest" if start is None else "error",
            "enable.partition.eof": True,
        }
    )
    if start is None:
        consumer.subscribe([FEED])
    else:
        consumer.assign([place(consumer, start)])
    seen: set[bytes] = set()  # keep this in your own database, in one transaction with what you make of an item
    for message in records(consumer, until_end=until_end):
        headers = dict(message.headers() or ())
        if headers["ce_id"] not in seen:  # an item may stand there twice
            seen.add(headers["ce_id"])
            content = decode(message.value())
            for document in content.get("documents", ()):
                fetch(document["sha256"])
            told = {name: headers[name].decode() for name in ("ce_id", "ce_type", "ce_time")}
            whole = {"feed_offset": message.offset(), "case_id": message.key().decode(), **told, **content}
            print(json.dumps(whole, default=str, ensure_ascii=False), flush=True)
        if start is None:
            consumer.commit(message, asynchronous=False)
    consumer.close()
    return 0


def fetch(sha256: str) -> None:
    """Store a document under its hash, if the bytes are those."""
    file = DOCUMENTS / sha256
    if not file.exists():
        content = http("GET", f"/documents/{sha256}")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise ValueError(f"these are not the bytes of {sha256}")
        DOCUMENTS.mkdir(exist_ok=True)
        file.write_bytes(content)


def submit(kind: str, case_id: str, information: Path, files: list[Path]) -> int:
    """Put the documents, send the information or that the matter is not yours, and wait for the answer."""
    content = json.loads(information.read_text())
    day = "submitted_on" if kind == "SupplyInformation" else "declined_on"
    content[day] = date.fromisoformat(content[day])
    content["documents"] = [put(file) for file in files]
    name = str(uuid.uuid4())  # your own id of this submission: the answer names it
    consumer = Consumer({**LOGIN, "group.id": f"{BODY}.answers", "enable.partition.eof": True})
    _, end = consumer.get_watermark_offsets(TopicPartition(FEED, 0), timeout=10)
    consumer.assign([TopicPartition(FEED, 0, end)])
    # A batch must fit the topic's 256 KiB: the default of a million bytes is refused as a whole.
    producer = Producer({**LOGIN, "acks": "all", "enable.idempotence": True, "batch.size": 200_000})
    producer.produce(SUBMIT, key=case_id, value=encode(kind, content), headers={"ce_id": name}, on_delivery=sent)
    if producer.flush(PATIENCE):
        print("the submission was not taken over in time: send it again with the same id", file=sys.stderr)
        return 1
    for message in records(consumer, seconds=PATIENCE):
        told = dict(message.headers() or ())["ce_type"].decode()
        if told in ("jauap.SubmissionTaken", "jauap.SubmissionRefused"):
            answer = decode(message.value())
            if answer["submission"] == name:
                print(json.dumps({"answer": told, **answer}, default=str, ensure_ascii=False))
                return 0 if told == "jauap.SubmissionTaken" else 1
    print(f"no answer within {PATIENCE:.0f} s: it comes on the feed, for submission {name}", file=sys.stderr)
    return 1


def sent(error: KafkaError | None, _: Message) -> None:
    """Kafka has the record, or says why not."""
    if error is not None:
        sys.exit(f"not sent: {error}")


def put(file: Path) -> dict[str, Any]:
    """Put a document into the store; what a submission then says of it."""
    content = file.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    http("PUT", f"/documents/{sha256}", content)
    return {
        "sha256": sha256,
        "size": len(content),
        "media_type": "application/pdf",
        "language": None,
        "title": f"Information of {BODY}",
    }


def main() -> int:
    """Do what is asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    reading = commands.add_parser("read", help="print what is on the feed")
    reading.add_argument("--from", dest="start", help="start, an offset, or an instant; without it, where you were")
    reading.add_argument("--until-end", action="store_true", help="stop at the end")
    for name, kind, words, fields in (
        (
            "submit",
            "SupplyInformation",
            "send signed information",
            "submitted_on, number, signatory, answers, corrects",
        ),
        ("decline", "DeclineInformation", "say that it is not yours", "declined_on, number, competent_body"),
    ):
        sending = commands.add_parser(name, help=words)
        sending.set_defaults(kind=kind)
        sending.add_argument("case_id")
        sending.add_argument("information", type=Path, help=f"JSON: {fields}")
        sending.add_argument("files", type=Path, nargs="*", help="PDF files")
    given = parser.parse_args()
    if given.command == "read":
        return read(given.start, until_end=given.until_end)
    return submit(given.kind, given.case_id, given.information, given.files)


if __name__ == "__main__":
    sys.exit(main())
