"""What others make of our headers: CloudEvents' own library for Python, and the rules that it leaves to the reader."""

import re
from collections.abc import Iterator

from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.v1.event import CloudEvent

from jauap.messaging.envelope import Message

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
URI_REFERENCE = re.compile(r"([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.+")
NAME = re.compile(r"[a-z0-9]{1,20}")
"""Of an attribute; no longer than CloudEvents advises."""
OF_CLOUD_EVENTS = {"id", "source", "specversion", "type", "datacontenttype", "dataschema", "subject", "time"}


class Bytes:
    """The library's word for how data are read: ours stay bytes, since Avro is not its business."""

    def read_data(self, body: str | bytes, datacontenttype: str | None) -> str | bytes:  # noqa: ARG002 - its words
        return body

    def read(self, event_factory: object, data: str | bytes) -> BaseCloudEvent:
        raise NotImplementedError

    def write(self, event: BaseCloudEvent) -> bytes:
        raise NotImplementedError

    def write_data(self, data: object, datacontenttype: str | None) -> bytes:
        raise NotImplementedError

    def get_content_type(self) -> str:
        raise NotImplementedError


def read(message: Message) -> BaseCloudEvent:
    """A record as CloudEvents' library reads it. Raises what that raises."""
    headers = {name: value or b"" for name, value in message.headers}
    if len(headers) != len(message.headers):
        raise ValueError("a header is repeated")
    kafka = KafkaMessage(headers=headers, key=message.key, value=message.value or b"")
    return from_binary(kafka, Bytes(), CloudEvent)


def faults(message: Message) -> list[str]:
    """What is wrong with a record as a CloudEvent in Kafka's binary mode."""
    missing = [
        name
        for name in ("ce_id", "ce_time", "ce_subject", "ce_dataschema", "content-type")
        if name not in dict(message.headers)
    ]
    try:
        event = read(message)
    except (CloudEventValidationError, ValueError) as error:
        return [str(error)]
    return [f"{name} is missing" for name in missing] + list(_of_headers(message)) + list(_of_event(message, event))


def _of_headers(message: Message) -> Iterator[str]:
    headers = {name: (value or b"").decode() for name, value in message.headers}
    if not RFC_3339.fullmatch(headers["ce_time"]):
        yield "ce_time is no RFC 3339 instant"
    if not URI_REFERENCE.fullmatch(headers["ce_source"]):
        yield "ce_source is no URI reference"
    if not (URI_REFERENCE.fullmatch(headers["ce_dataschema"]) and SCHEME.fullmatch(headers["ce_dataschema"])):
        yield "ce_dataschema is no URI"
    if headers["content-type"] != "application/avro":
        yield "content-type is not application/avro"
    for name, value in headers.items():
        if not value:
            yield f"{name} is empty"
        if name.startswith("ce_") and not NAME.fullmatch(name.removeprefix("ce_")):
            yield f"{name} is no attribute's name"


def _of_event(message: Message, event: BaseCloudEvent) -> Iterator[str]:
    """Nothing is lost on the way through the library."""
    if event.get_data() != message.value:
        yield "the data differ"
    told = event.get_attributes()
    extensions = {name.removeprefix("ce_") for name, _ in message.headers if name.startswith("ce_")} - OF_CLOUD_EVENTS
    yield from (f"the extension {name} is not told" for name in sorted(extensions - told.keys()))
