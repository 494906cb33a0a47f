"""What a process says on standard error."""

import json
import subprocess
import sys

SAYING = """
import logging
from jauap import logs
logs.configure("intake")
logging.getLogger("psycopg").warning("a session was %s", "lost")
"""


def test_what_a_library_says_is_a_line_of_json_like_our_own() -> None:
    """A program that reads the log need not know which library spoke."""
    said = subprocess.run([sys.executable, "-c", SAYING], capture_output=True, text=True, check=True).stderr
    line = json.loads(said)
    told = (line["process"], line["level"], line["logger"], line["event"])
    assert told == ("intake", "warning", "psycopg", "a session was lost")
