"""Another ministry, which has only what it was handed: the examples, run as it against the whole system."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jauap.clock import clock_from_environment
from jauap.domain.workdays import day_in_kazakhstan
from jauap.stack.machine import Stack

pytestmark = pytest.mark.kafka

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CASE, OTHERS = "KAZ-3-2026", "KAZ-4-2026"
TODAY = day_in_kazakhstan(clock_from_environment()())
NOTE = b"%PDF-1.7 the note and what was forwarded"
ANSWER = b"%PDF-1.7 signed information"
JAUAP = str(Path(sys.executable).parent / "jauap")


class System:
    """A deployment on this machine, its officers, and one ministry outside."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.desk = folder / "desk"
        self.desk.mkdir()
        self.outside = folder / "ministry"
        self.outside.mkdir()
        (self.outside / "answer.pdf").write_bytes(ANSWER)
        (self.desk / "note.pdf").write_bytes(NOTE)
        self.start()
        [document] = json.loads(self.jauap("documents", "add", str(self.desk / "note.pdf"), "--json"))
        document["title"] = "Note"
        for number, case_id in enumerate((CASE, OTHERS)):
            body = "MIA" if case_id == CASE else "MOJ"
            self.officer("ReceiveCommunication", case_id, state="KAZ", reference=f"KAZ {number + 3}/2026",
                         communication_type="AL", letter_date=str(TODAY - timedelta(9)),
                         received_on=str(TODAY - timedelta(3)), reply_within_days=60, language="en")  # fmt: skip
            self.officer("ForwardCommunication", case_id, forwarded_on=str(TODAY), note_number=f"03-12/{number}",
                         bodies=[{"body": body, "questions": ["1", "2"], "due": str(TODAY + timedelta(14))}],
                         documents=[document] if case_id == CASE else [])  # fmt: skip
        self.handed = self.grant()

    def start(self) -> None:
        """Bring everything up."""
        self.jauap("stack", "up")

    def grant(self) -> dict[str, str]:
        """Give the ministry access; what it is handed."""
        return dict(json.loads(self.jauap("access", "grant", "MIA", "--json")))

    def jauap(self, *words: str, given: str | None = None) -> str:
        """Run a command of ours."""
        return self._run([JAUAP, *words], ROOT, {"JAUAP_DATA_DIR": str(self.folder), "JAUAP_ACTOR": "officer"}, given)

    def officer(self, command: str, case_id: str, **content: object) -> None:
        """Have something recorded."""
        self.jauap("do", "-", given=json.dumps({"command": command, "case_id": case_id, **content}))

    def ministry(self, *words: str, status: int = 0) -> str:
        """Run an example as the ministry: it knows what it was handed, and nothing of ours."""
        handed = {
            "JAUAP_SERVERS": self.handed["servers"],
            "JAUAP_HTTP": self.handed["http"],
            "JAUAP_CA": self.handed["ca_file"],
            "JAUAP_BODY": self.handed["principal"],
            "JAUAP_PASSWORD_FILE": self.handed["password_file"],
        }
        return self._run(list(words), self.outside, handed, None, status)

    def _run(self, words: list[str], folder: Path, settings: dict[str, str], given: str | None, status: int = 0) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("JAUAP_")}
        path = f"{Path(sys.executable).parent}:{inherited['PATH']}"
        done = subprocess.run(
            words, input=given, capture_output=True, text=True, cwd=folder, timeout=240, check=False,
            env={**inherited, "PATH": path, **settings},
        )  # fmt: skip
        assert done.returncode == status, (words, done.returncode, done.stdout[-3000:], done.stderr[-3000:])
        return done.stdout

    def information(self, number: str, **content: object) -> str:
        """A file with signed information."""
        file = self.outside / f"{number}.json"
        whole = {**json.loads((EXAMPLES / "information.json").read_text()), "number": number}
        file.write_text(json.dumps({**whole, "submitted_on": str(TODAY), **content}))
        return str(file)

    def sent_under(self, number: str) -> dict[str, Any]:
        """The information with a body's number, as the read models have it."""
        deadline = time.monotonic() + 30
        while True:
            rows = json.loads(self.jauap("history", CASE, "--json"))
            found = [row for row in rows if row["event"] == "AgencyInfoSubmitted" and row["data"]["number"] == number]
            if found:
                return dict(found[0])
            assert time.monotonic() < deadline
            time.sleep(0.2)


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """A letter was forwarded to the ministry, and another one to somebody else."""
    folder = tmp_path_factory.mktemp("ministry")
    try:
        yield System(folder)
    finally:
        Stack(folder / "data").down(lambda _part, _words: None)


PYTHON = (sys.executable, str(EXAMPLES / "python" / "ministry.py"))


def test_in_python_it_reads_what_was_forwarded_to_it_and_nothing_else(system: System) -> None:
    """The request with its questions, day and documents; not a word of the other case."""
    items = [json.loads(line) for line in system.ministry(*PYTHON, "read", "--until-end").splitlines()]
    own_guesses = {"jauap.SubmissionRefused"}
    assert {item["case_id"] for item in items if item["ce_type"] not in own_guesses} == {CASE}
    request = items[0]
    assert (request["ce_type"], request["questions"]) == ("jauap.InformationRequested", ["1", "2"])
    assert request["due"] == str(TODAY + timedelta(14))
    [document] = request["documents"]
    assert (system.outside / "documents" / document["sha256"]).read_bytes() == NOTE
    assert system.ministry(*PYTHON, "read", "--until-end") == ""
    again = system.ministry(*PYTHON, "read", "--from", "start", "--until-end").splitlines()
    assert [json.loads(line)["ce_id"] for line in again] == [item["ce_id"] for item in items]
    later = system.ministry(*PYTHON, "read", "--from", "2100-01-01T00:00:00+05:00", "--until-end")
    assert later == ""


def test_in_python_it_answers_and_hears_what_became_of_it(system: System) -> None:
    """Taken, with what is still open; a question that was not put is refused by its field; nothing is half done."""
    said = system.ministry(*PYTHON, "submit", CASE, system.information("py-1", answers=["1"]), "answer.pdf")
    answer = json.loads(said)
    assert answer["answer"] == "jauap.SubmissionTaken"
    assert "1" not in answer["open_questions"]
    assert answer["state"] == ("open" if answer["open_questions"] else "supplied")
    assert system.sent_under("py-1")["actor"] == "MIA"
    wrong = system.information("py-2", answers=["1", "9"])
    refused = json.loads(system.ministry(*PYTHON, "submit", CASE, wrong, "answer.pdf", status=1))
    assert [fault["field"] for fault in refused["faults"]] == ["answers[1]"]


def test_a_case_of_others_and_no_case_are_refused_alike(system: System) -> None:
    """Whoever guesses learns nothing."""
    faults = []
    for case_id in (OTHERS, "KAZ-999-2026"):
        guess = system.information("py-3", answers=[])
        refused = json.loads(system.ministry(*PYTHON, "submit", case_id, guess, "answer.pdf", status=1))
        faults.append(refused["faults"])
    assert faults[0] == faults[1]


def test_with_kcat_it_reads_and_answers(system: System) -> None:
    """A list by headers, one item with its documents, and information that is taken."""
    kcat = EXAMPLES / "kcat"
    assert shutil.which("kcat"), "kcat is needed: apt-get install kcat"
    first = system.ministry(str(kcat / "read.sh")).splitlines()[0]
    assert first.startswith(f"0 {CASE} ")
    assert "ce_type=jauap.InformationRequested" in first
    shutil.rmtree(system.outside / "documents", ignore_errors=True)
    item = json.loads(system.ministry(str(kcat / "read.sh"), "0"))
    [document] = item["documents"]
    assert (system.outside / "documents" / document["sha256"]).read_bytes() == NOTE
    said = system.ministry(str(kcat / "submit.sh"), CASE, system.information("kcat-1", answers=["2"]), "answer.pdf")
    assert json.loads(said)["state"] in ("open", "supplied")
    assert system.sent_under("kcat-1")["data"]["documents"][0]["size"] == len(ANSWER)


def test_in_java_it_reads_and_answers(system: System) -> None:
    """A Maven project with Kafka's client and Avro, which reads by the registry."""
    assert shutil.which("mvn"), "Maven is needed: apt-get install maven"
    project = system.outside / "java"
    shutil.copytree(EXAMPLES / "java", project, ignore=shutil.ignore_patterns("target"))
    run = ("mvn", "-q", "-B", "-f", str(project / "pom.xml"), "compile", "exec:java")
    lines = system.ministry(*run, "-Dexec.args=read start").replace("\x1b[0m", "").splitlines()
    assert lines[0].startswith(f"0 {CASE} jauap.InformationRequested ")
    words = f"submit {CASE} {system.outside / 'answer.pdf'} java-1 1,2 'Minister of Internal Affairs' 'C. Minister'"
    assert "jauap.SubmissionTaken" in system.ministry(*run, f"-Dexec.args={words}")
    assert system.sent_under("java-1")["data"]["signatory"]["capacity"] == "first-head"
