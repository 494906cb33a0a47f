"""The contract, as files of no language: Avro schemas, their releases, topics and examples.

`avro/` is the truth; `released/<Name>/<n>.avsc` never changes; `topics/` and `examples/` are for readers and tests.
"""

from importlib.resources import files


def text(path: str) -> str:
    """A file's content, such as `released/Outcome/1.avsc`; FileNotFoundError if there is none."""
    return files(__name__).joinpath(path).read_text(encoding="utf-8")


def names(folder: str) -> tuple[str, ...]:
    """What stands in a folder, sorted, files and folders alike; FileNotFoundError if there is none."""
    return tuple(sorted(entry.name for entry in files(__name__).joinpath(folder).iterdir()))
