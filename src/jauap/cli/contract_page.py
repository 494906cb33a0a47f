"""The contract as one page for people: no script, light, good on paper and for a screen reader."""

import json
import re
from collections.abc import Iterator
from html import escape
from importlib.metadata import version
from typing import Any

from jauap.cli.asyncapi import HEADERS, example_of, headers_of, is_public, name_of, schema_of, strategy
from jauap.domain.workdays import KAZAKHSTAN
from jauap.messaging import avro
from jauap.messaging.topics import Topic, load

Json = Any
PARAGRAPH = re.compile(r"\b14-\d+(?:\(\d\))?")
MIB = 2**20

STYLE = """
:root { color-scheme: light; }
body { font: 1rem/1.5 system-ui, "Segoe UI", "Noto Sans", sans-serif; color: #1a1a1a; background: #fff;
  max-width: 62rem; margin: 0 auto; padding: 1rem 1.25rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; } h2 { margin-top: 3rem; border-top: 3px solid #00467f; padding-top: .5rem; }
h2 code { font-size: 1.375rem; } h3 { margin-top: 2.25rem; } h4 { margin: 1.25rem 0 .25rem; }
a { color: #00467f; } a:focus { outline: 3px solid #ffb000; outline-offset: 2px; }
code, pre { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .875rem; overflow-wrap: anywhere; }
pre { background: #f4f6f8; border: 1px solid #c5ccd3; padding: .75rem; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .9375rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { text-align: left; vertical-align: top; border-bottom: 1px solid #c5ccd3; padding: .35rem .6rem .35rem 0; }
thead th { border-bottom: 2px solid #1a1a1a; } tbody th { font-weight: 400; width: 13rem; }
.type { width: 11rem; } .default { width: 6rem; }
ul.toc { list-style: none; padding-left: 0; } ul.toc ul { columns: 2 16rem; padding-left: 1.25rem; }
.law { font-weight: 600; white-space: nowrap; }
@media (max-width: 40rem) { tbody th, .type, .default { width: auto; }
  table { font-size: .875rem; table-layout: fixed; } th, td { overflow-wrap: break-word; } }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } a { color: inherit; text-decoration: none; }
  h3, h4, caption { break-after: avoid; } tr, pre { break-inside: avoid; } }
"""

PROMISES = {
    "At least once": """A record may come twice; the second has the <code>ce_id</code> of the first. Keep what you did
        by <code>ce_id</code>.""",
    "Order": """A feed has one partition: everybody reads everything in one order, and your submissions are taken in the
        order in which you sent them.""",
    "Going back": """A feed is kept for ever: read it again from any offset, from a time or from the start, whenever you
        like. Submissions are kept 30 days.""",
    "What may change": """A field may be added, with a default. A new kind of record may come: skip a
        <code>ce_type</code> that you do not know. A list of values in a text field may grow.""",
    "What never will": """A released field is not renamed, not retyped, not taken away, and keeps its meaning; a topic
        keeps its name, key and partitions. A change of meaning is a new record. Each release reads each other
        (<code>FULL_TRANSITIVE</code>), so you need not upgrade with us.""",
}


def html(*, internal: bool = False) -> str:
    """The page, whole."""
    pages = [page for page in load() if internal or is_public(page)]
    return "".join(f"{line}\n" for line in _lines(pages))


def _lines(pages: list[Topic]) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>The contract of jauap {version('jauap')}</title><style>{STYLE}</style></head><body>"
    yield "<header><h1>What other bodies and the public read and write</h1>"
    yield f"<p>The contract of jauap {version('jauap')}: communications from the special procedures of the UN Human"
    yield "Rights Council, between the Ministry of Foreign Affairs (MFA) and other state bodies, over Apache Kafka."
    yield "Made from topic pages, schemas and examples by <code>jauap contract page</code>; programs find the same in"
    yield 'the AsyncAPI document, <a href="asyncapi.json"><code>asyncapi.json</code></a>. Paragraphs such as'
    yield '<span class="law">14-5(1)</span> are those of the Rules, Decree No. 786 of 25 January 2022.</p></header>'
    yield from _contents(pages)
    yield "<main>"
    yield from _wire()
    for page in pages:
        yield from _topic(page)
    yield from _nested(pages)
    yield "</main></body></html>"


def _contents(pages: list[Topic]) -> Iterator[str]:
    yield '<nav aria-label="Contents"><h2>Contents</h2><ul class="toc">'
    yield '<li><a href="#promises">Promises</a></li><li><a href="#wire">How a record is written</a></li>'
    for page in pages:
        yield f'<li><a href="#{name_of(page)}"><code>{escape(page.name)}</code></a><ul>'
        yield from (f'<li><a href="#{_anchor(page, record)}">{record}</a></li>' for record in page.records)
        yield "</ul></li>"
    yield '<li><a href="#parts">Records within records</a></li></ul></nav>'


def _wire() -> Iterator[str]:
    yield '<section aria-labelledby="promises"><h2 id="promises">Promises</h2><table><tbody>'
    yield from (f'<tr><th scope="row">{name}</th><td>{words}</td></tr>' for name, words in PROMISES.items())
    yield '</tbody></table></section><section aria-labelledby="wire"><h2 id="wire">How a record is written</h2><ul>'
    yield "<li>Value: Confluent's format: a zero byte, the schema's id in four bytes (high byte first), the Avro body."
    yield "The registry has the schema by its id; the reader's own schema is the one it was built on.</li>"
    yield "<li>Key: the case id in UTF-8, such as <code>KAZ-3-2026</code>. Headers: CloudEvents 1.0, Kafka binary"
    yield "mode.</li><li>Dates are Avro's <code>date</code> (days since 1 January 1970) and days in"
    yield f"{KAZAKHSTAN.key}; instants are microseconds since then, UTC. “Or null” is Avro's union with"
    yield "<code>null</code>.</li><li>Documents are not in the log: a record names their SHA-256, and their bytes are"
    yield "had over HTTP from <code>GET /documents/&lt;sha256&gt;</code> with the same login; what a submission names"
    yield "is put there with <code>PUT</code> before. Examples show dates as text, for people.</li>"
    yield "<li>Login: SCRAM-SHA-512 over TLS. A consumer group's name begins with the login's and a dot:"
    yield "<code>MIA.…</code></li></ul></section>"


def _topic(page: Topic) -> Iterator[str]:
    name = name_of(page)
    yield f'<section aria-labelledby="{name}"><h2 id="{name}"><code>{escape(page.name)}</code></h2>'
    yield f"<p>{_law(page.purpose)}</p><table><caption>The topic</caption><tbody>"
    facts = {
        "written by": ", ".join(page.producers),
        "read by": ", ".join(page.consumers),
        "key": page.key,
        "partitions": "one" if page.partitions == 1 else "the deployment's number, fixed for ever",
        "kept": page.retention,
        "largest record": _size(int(page.config["max.message.bytes"])),
        "subjects in the registry": f"{strategy(page)}, such as {avro.subject(page.name, page.records[0])}",
    }
    if page.config.get("compression.type") == "uncompressed":
        facts["compression"] = "none: the size counts as it is"
    yield from (f'<tr><th scope="row">{label}</th><td>{escape(text)}</td></tr>' for label, text in facts.items())
    yield "</tbody></table>"
    headers = HEADERS[headers_of(page)]
    yield '<table><caption>Headers</caption><thead><tr><th scope="col">header</th><th scope="col" class="type">must be'
    yield 'there</th><th scope="col">meaning</th></tr></thead><tbody>'
    for header, described in headers["properties"].items():
        needed = "yes" if header in headers.get("required", ()) else "no"
        meaning = escape(described["description"])
        yield f'<tr><th scope="row"><code>{header}</code></th><td>{needed}</td><td>{meaning}</td></tr>'
    yield "</tbody></table>"
    for record in page.records:
        yield from _record(page, record)
    yield "</section>"


def _record(page: Topic, record: str) -> Iterator[str]:
    schema = schema_of(record)
    yield f'<h3 id="{_anchor(page, record)}">{record}</h3><p>{_law(schema["doc"])}</p>'
    yield f"<p>Subject <code>{escape(avro.subject(page.name, record))}</code>, release {avro.current(record)}.</p>"
    yield from _fields(schema, f"Fields of {record}")
    example = json.dumps(example_of(record), indent=2, ensure_ascii=False)
    yield f"<h4>Example</h4><pre>{escape(example)}</pre>"


def _fields(schema: Json, caption: str) -> Iterator[str]:
    yield f'<table><caption>{caption}</caption><thead><tr><th scope="col">field</th>'
    yield '<th scope="col" class="type">type</th><th scope="col" class="default">default</th>'
    yield '<th scope="col">meaning</th></tr></thead><tbody>'
    for field in schema["fields"]:
        default = (
            f"<code>{escape(json.dumps(field['default']))}</code>" if "default" in field else "none: must be there"
        )
        yield f'<tr><th scope="row"><code>{field["name"]}</code></th><td>{_type(field["type"])}</td><td>{default}</td>'
        yield f"<td>{_law(field['doc'])}</td></tr>"
    yield "</tbody></table>"


def _nested(pages: list[Topic]) -> Iterator[str]:
    """The records that stand within others, each once."""
    found: dict[str, Json] = {}
    for page in pages:
        for record in page.records:
            for part in _parts(schema_of(record)["fields"]):
                found.setdefault(part["name"], part)
    yield '<section aria-labelledby="parts"><h2 id="parts">Records within records</h2>'
    for name, schema in sorted(found.items()):
        yield f'<h3 id="part-{name}">{name}</h3><p>{_law(schema["doc"])}</p>'
        yield from _fields(schema, f"Fields of {name}")
    yield "</section>"


def _parts(fields: list[Json]) -> Iterator[Json]:
    for field in fields:
        for branch in field["type"] if isinstance(field["type"], list) else [field["type"]]:
            inner = branch["items"] if isinstance(branch, dict) and branch["type"] == "array" else branch
            if isinstance(inner, dict) and inner["type"] == "record":
                yield inner
                yield from _parts(inner["fields"])


def _type(kind: Json) -> str:
    match kind:
        case ["null", other]:
            return f"{_type(other)}, or null"
        case {"type": "array", "items": items}:
            return f"list of {_type(items)}"
        case {"logicalType": "date"}:
            return "date"
        case {"logicalType": _}:
            return "instant"
        case {"type": "record", "name": name}:
            return f'<a href="#part-{name}">{name}</a>'
        case "string" | "boolean" | "long":
            return {"string": "text", "boolean": "true or false", "long": "whole number"}[kind]
        case _:
            return f'<a href="#part-{kind}">{kind}</a>'


def _law(text: str) -> str:
    """Text with its paragraphs of the Rules set off."""
    return PARAGRAPH.sub(lambda found: f'<span class="law">{found[0]}</span>', escape(text))


def _anchor(page: Topic, record: str) -> str:
    return f"{name_of(page)}-{record}"


def _size(octets: int) -> str:
    return f"{octets} bytes ({octets // MIB} MiB)" if octets % MIB == 0 else f"{octets} bytes ({octets // 1024} KiB)"
