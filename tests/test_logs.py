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


OUTLIVING = """
import io, sys, structlog
from jauap import logs
log, real = structlog.get_logger(), sys.stderr
sys.stderr = io.StringIO()
logs.configure("cli")
log.info("to one that is closed")
sys.stderr.close()
sys.stderr = real
log.info("to the next")
"""


def test_a_log_outlives_the_standard_error_that_it_began_with() -> None:
    """A command run inside another program, with its output caught, leaves that program able to speak."""
    said = subprocess.run([sys.executable, "-c", OUTLIVING], capture_output=True, text=True, check=False).stderr
    assert [json.loads(line)["event"] for line in said.splitlines()] == ["to the next"]
