"""SQL from the `.sql` files beside this module: each statement has a name and one sentence."""

import re
from collections.abc import Mapping
from importlib.resources import files

HEADING = re.compile(r"^-- (?P<name>[a-z_]+) --\n-- (?P<sentence>.+)\n", re.MULTILINE)


def load(file: str) -> Mapping[str, bytes]:
    """The statements of `<file>.sql` by name, as psycopg takes them."""
    return parsed(files(__package__).joinpath(f"{file}.sql").read_text(encoding="utf-8"))


def parsed(text: str) -> Mapping[str, bytes]:
    """The statements in a file's text by name."""
    headings = list(HEADING.finditer(text))
    ends = [heading.start() for heading in headings[1:]] + [len(text)]
    return {
        heading["name"]: text[heading.end() : end].strip().rstrip(";").encode()
        for heading, end in zip(headings, ends, strict=True)
    }
