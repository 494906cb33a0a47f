"""Between bytes and JSON, for those who read and write with kcat. Needs fastavro.

wire.py id VALUE                              the schema's id that a record carries
wire.py decode SCHEMA VALUE                   a record's content
wire.py documents ITEM.json                   hashes of the documents that an item names, one a line
wire.py encode SCHEMA INFORMATION.json FILE…  the bytes of a submission
"""

import hashlib
import io
import json
import struct
import sys
from datetime import date
from pathlib import Path

import fastavro

command, *rest = sys.argv[1:]
files = [Path(name) for name in rest]
if command == "id":
    print(struct.unpack(">bI", files[0].read_bytes()[:5])[1])
elif command == "documents":
    for document in json.loads(files[0].read_text()).get("documents", ()):
        print(document["sha256"])
else:
    answer = json.loads(files[0].read_text())
    schema = fastavro.parse_schema(json.loads(answer["schema"]))
    if command == "decode":
        content = fastavro.schemaless_reader(io.BytesIO(files[1].read_bytes()[5:]), schema)
        print(json.dumps(content, default=str, ensure_ascii=False, indent=2))
    else:
        content = json.loads(files[1].read_text())
        content["submitted_on"] = date.fromisoformat(content["submitted_on"])
        content["documents"] = [
            {
                "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
                "size": file.stat().st_size,
                "media_type": "application/pdf",
                "language": None,
                "title": "Information",
            }
            for file in files[2:]
        ]
        stream = io.BytesIO()
        fastavro.schemaless_writer(stream, schema, content)
        sys.stdout.buffer.write(struct.pack(">bI", 0, answer["id"]) + stream.getvalue())
