"""The service over real sockets: who may put and get which documents, and what nobody may."""

import hashlib
import http.client
import re
import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from jauap.documents import DocumentStore, open_store
from services.documents.http import Limits
from services.documents.logins import Patience
from tests.documents.conftest import LARGEST, Kept
from tests.documents.items import published, requested, withdrawn
from tests.documents.service import PASSWORDS, Got, Running, running, schema_of

LETTER = b"a letter"
SHA256 = hashlib.sha256(LETTER).hexdigest()
LONG = bytes(range(256)) * 8192
LONG_SHA256 = hashlib.sha256(LONG).hexdigest()
ITEM, OTHER_ITEM = "a" * 64, "b" * 64
FEED = "jauap.feed.MIA"


@pytest.fixture
def service(kept: Kept) -> Iterator[Running]:
    """The service on each kind of store."""
    with running(kept.store, LARGEST) as found:
        yield found


@pytest.fixture
def at_folder(tmp_path: Path) -> Iterator[Running]:
    """The service on a folder, where the kind of store does not matter."""
    with running(_folder(tmp_path), LARGEST) as found:
        yield found


def _folder(tmp_path: Path) -> DocumentStore:
    return open_store(str(tmp_path / "store"), LARGEST)


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


# What may be done


def test_what_is_put_can_be_got_by_whom_an_item_names_it_to(service: Running, kept: Kept) -> None:
    """A document goes in, whether it was there or not; an item on a body's own feed lets that body have it, whole."""
    mia = service.of("MIA")
    for _ in range(2):
        got = mia.ask("PUT", f"/documents/{LONG_SHA256}", LONG)
        assert (got.status, got.body) == (201, b'{"sha256":"%s","size":%d}' % (LONG_SHA256.encode(), len(LONG)))
    assert kept.store.state(LONG_SHA256, len(LONG)) == "stored"
    assert mia.ask("GET", f"/documents/{LONG_SHA256}").status == 404
    service.feeds.put(FEED, requested(LONG_SHA256), ITEM)
    got = mia.ask("GET", f"/documents/{LONG_SHA256}")
    assert (got.status, got.body) == (200, LONG)
    assert (got.headers["content-length"], got.headers["content-type"]) == (str(len(LONG)), "application/octet-stream")
    head = mia.ask("HEAD", f"/documents/{LONG_SHA256}")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(LONG)))


def test_it_may_come_in_chunks(service: Running, kept: Kept) -> None:
    """The length need not be known beforehand."""
    pieces = (LONG[at : at + 5000] for at in range(0, len(LONG), 5000))
    assert service.of("MIA").ask("PUT", f"/documents/{LONG_SHA256}", pieces).status == 201
    assert kept.store.state(LONG_SHA256, len(LONG)) == "stored"


def test_one_connection_serves_many_requests(at_folder: Running) -> None:
    """It stays open after an answer, whichever it was, as long as requests come whole."""
    client = at_folder.of("MIA")
    connection = client.connect()
    for _ in range(3):
        connection.request("PUT", f"/documents/{SHA256}", LETTER, client.headers())
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read()), answer.will_close) == (201, True, False)
        connection.request("GET", f"/documents/{'0' * 64}", headers=client.headers())
        answer = connection.getresponse()
        assert (answer.status, bool(answer.read()), answer.will_close) == (404, True, False)
    connection.close()


def test_our_own_tools_may_have_all(at_folder: Running) -> None:
    """A process of ours gets what no feed names."""
    officer = at_folder.of("cli")
    assert officer.ask("PUT", f"/documents/{SHA256}", LETTER).status == 201
    assert officer.ask("GET", f"/documents/{SHA256}").body == LETTER
    assert officer.ask("GET", f"/documents/{'0' * 64}").status == 404


# Whose a document is


def test_the_public_gets_what_is_published_and_puts_nothing(at_folder: Running) -> None:
    """Its password is told to everybody."""
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    at_folder.feeds.put(FEED, requested(SHA256), ITEM)
    public = at_folder.of("public")
    assert public.ask("GET", f"/documents/{SHA256}").status == 404
    assert public.ask("PUT", f"/documents/{LONG_SHA256}", LONG).status == 405
    assert at_folder.of("cli").ask("GET", f"/documents/{LONG_SHA256}").status == 404
    at_folder.feeds.put("jauap.public", published(SHA256), "f" * 64)
    assert public.ask("GET", f"/documents/{SHA256}").body == LETTER


def test_another_body_s_document_is_as_one_that_is_not_there(at_folder: Running) -> None:
    """Byte for byte the same answer: whether it exists can't be found out."""
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    at_folder.feeds.put(FEED, requested(SHA256, LONG_SHA256), ITEM)
    for method in ("GET", "HEAD"):
        his, nobody_s, lost = (
            at_folder.of(user).ask(method, f"/documents/{sha256}")
            for user, sha256 in (("AGO", SHA256), ("AGO", "0" * 64), ("MIA", LONG_SHA256))
        )
        assert his.plain == nobody_s.plain == lost.plain
        assert his.status == 404


def test_an_item_that_was_just_appended_counts(at_folder: Running) -> None:
    """Where nothing is known of a document, the feeds are read to their ends before it is denied."""
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    at_folder.feeds.hidden = True
    at_folder.feeds.put(FEED, requested(SHA256), ITEM)
    threading.Timer(0.3, lambda: setattr(at_folder.feeds, "hidden", False)).start()
    assert at_folder.of("MIA").ask("GET", f"/documents/{SHA256}").body == LETTER


@pytest.mark.parametrize("what", ["hidden", "away"])
def test_feeds_that_can_t_be_read_deny_nothing(at_folder: Running, what: str) -> None:
    """Then it is not known what they name: ask again. What is known already is given."""
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    at_folder.feeds.put(FEED, requested(SHA256), ITEM)
    assert at_folder.of("MIA").ask("GET", f"/documents/{SHA256}").status == 200
    setattr(at_folder.feeds, what, True)
    at_folder.feeds.put(FEED, requested(LONG_SHA256), OTHER_ITEM)
    got = at_folder.of("MIA").ask("GET", f"/documents/{LONG_SHA256}")
    assert (got.status, got.error, got.headers["retry-after"]) == (503, "Unavailable", "5")
    assert at_folder.of("MIA").ask("GET", f"/documents/{SHA256}").status == 200


def test_a_withdrawn_item_names_nothing(at_folder: Running) -> None:
    """Its documents are gone for the body, unless another item names them; a repeat does not bring them back."""
    officer, mia, feeds = at_folder.of("cli"), at_folder.of("MIA"), at_folder.feeds
    officer.ask("PUT", f"/documents/{SHA256}", LETTER)
    officer.ask("PUT", f"/documents/{LONG_SHA256}", LONG)
    feeds.put(FEED, requested(SHA256, LONG_SHA256), ITEM)
    feeds.put(FEED, requested(SHA256, LONG_SHA256), ITEM)
    feeds.put(FEED, requested(LONG_SHA256), OTHER_ITEM)
    assert mia.ask("GET", f"/documents/{SHA256}").status == 200
    feeds.put(FEED, withdrawn(ITEM), "c" * 64)
    feeds.put(FEED, requested(SHA256, LONG_SHA256), ITEM)
    until(lambda: mia.ask("HEAD", f"/documents/{SHA256}").status == 404)
    assert mia.ask("HEAD", f"/documents/{LONG_SHA256}").status == 200


def test_what_was_published_is_for_every_body(at_folder: Running) -> None:
    """But for nobody without a login."""
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    at_folder.feeds.put("jauap.public", published(SHA256), ITEM)
    assert [at_folder.of(user).ask("GET", f"/documents/{SHA256}").status for user in ("MIA", "AGO", None)] == [
        200,
        200,
        401,
    ]


def test_access_comes_and_goes_while_it_runs(at_folder: Running) -> None:
    """A body that is granted access is served, with all that its feed ever named; one that lost it is not."""
    at_folder.passwords.passwords["KNB"] = "k"
    knb = at_folder.of("KNB", "k")
    assert (got := knb.ask("GET", f"/documents/{SHA256}")).status == 403
    assert got.error == "NoAccess"
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    at_folder.feeds.put("jauap.feed.KNB", requested(SHA256), ITEM)
    at_folder.bodies.add("KNB")
    assert knb.ask("GET", f"/documents/{SHA256}").status == 200
    at_folder.bodies.remove("KNB")
    assert [knb.ask(method, f"/documents/{SHA256}", LETTER).status for method in ("GET", "PUT")] == [403, 403]


def test_an_item_that_can_t_be_read_names_nothing_and_stops_nothing(at_folder: Running) -> None:
    """It is told in the log; the items after it count."""
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    at_folder.feeds.put_bytes(FEED, b"\x00rubbish", schema_of("InformationRequested"), ITEM)
    at_folder.feeds.put_bytes(FEED, b"\x00\x00\x00\x00\x01", "urn:jauap:schema:NewerThing:1", ITEM)
    at_folder.feeds.put(FEED, requested(SHA256), OTHER_ITEM)
    assert at_folder.of("MIA").ask("GET", f"/documents/{SHA256}").status == 200


# What is not taken


def nothing_kept(kept: Kept) -> None:
    """No document, and no draft of one."""
    until(lambda: kept.files() == [])


def test_other_bytes_are_not_that_document(service: Running, kept: Kept) -> None:
    """Nothing of them is kept."""
    got = service.of("MIA").ask("PUT", f"/documents/{SHA256}", b"A letter")
    assert (got.status, got.error) == (422, "OtherDocument")
    nothing_kept(kept)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_document_may_be_too_large(service: Running, kept: Kept, *, chunked: bool) -> None:
    """It is refused at once where its length is told, else as soon as it is seen; nothing is kept."""
    content = b"x" * (LARGEST + 1)
    sha256 = hashlib.sha256(content).hexdigest()
    body = (content[at : at + 65536] for at in range(0, len(content), 65536)) if chunked else content
    got = service.of("MIA").ask("PUT", f"/documents/{sha256}", body)
    assert (got.status, got.error) == (413, "TooLarge")
    nothing_kept(kept)


@pytest.mark.parametrize(
    "broken",
    [
        b"Content-Length: 1000\r\n\r\n" + b"x" * 500,
        b"Transfer-Encoding: chunked\r\n\r\n8\r\na letter\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n8\r\na letter\r\nzz\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n8" + b";x" * 20_000,
    ],
    ids=["short", "no-end", "no-chunk", "endless-line"],
)
def test_an_upload_that_breaks_off_leaves_nothing(service: Running, kept: Kept, broken: bytes) -> None:
    """Even where the bytes that came are those of the hash: only its end makes a document."""
    sent = send(service, f"PUT /documents/{SHA256}", broken)
    assert b"201" not in sent
    nothing_kept(kept)
    assert service.of("MIA").ask("PUT", f"/documents/{SHA256}", LETTER).status == 201


def test_who_still_sends_gets_the_answer(at_folder: Running) -> None:
    """A refusal reaches a client that sends all of its body first, however long it is."""
    content = b"x" * (64 * 2**20)
    assert at_folder.of("MIA").ask("PUT", f"/documents/{SHA256}", content).status == 413
    assert at_folder.of("MIA", "wrong").ask("PUT", f"/documents/{SHA256}", content).status == 401


def test_a_length_must_be_told(at_folder: Running) -> None:
    """A PUT without any body is no upload."""
    assert send(at_folder, f"PUT /documents/{SHA256}", b"\r\n").startswith(b"HTTP/1.1 411 ")


def send(service: Running, line: str, rest: bytes, user: str = "MIA") -> bytes:
    """Send bytes as they are, and end; give what comes back."""
    login = service.of(user).headers()["Authorization"]
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as raw:
        raw.sendall(f"{line} HTTP/1.1\r\nHost: x\r\nAuthorization: {login}\r\n".encode() + rest)
        raw.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: raw.recv(65536), b""))


@pytest.mark.parametrize(
    "path",
    [
        f"/documents/../documents/{SHA256}",
        f"/documents/{SHA256[:2]}/{SHA256}",
        f"/documents/{SHA256[:2]}%2F{SHA256}",
        f"/documents/{SHA256.upper()}",
        f"/documents/{SHA256}/",
        f"/documents/{SHA256}%00",
        f"/documents/%{ord(SHA256[0]):02x}{SHA256[1:]}",
        f"//documents/{SHA256}",
        "/documents/..%2f..%2fetc%2fpasswd",
        "/documents/../../etc/passwd",
        "/documents/",
        "/documents",
        "/",
        "*",
        f"http://elsewhere/documents/{SHA256}",
    ],
)
def test_no_other_path_leads_to_a_document(at_folder: Running, path: str) -> None:
    """Nothing is decoded, nothing is put right: a document has one address."""
    at_folder.of("cli").ask("PUT", f"/documents/{SHA256}", LETTER)
    for method in ("GET", "PUT"):
        sent = send(at_folder, f"{method} {path}", b"Content-Length: 8\r\n\r\na letter", user="cli")
        assert re.match(rb"HTTP/1.1 40[04] ", sent)


def test_other_methods_are_not_done(at_folder: Running) -> None:
    """In particular nothing can be deleted."""
    for method in ("DELETE", "POST", "PATCH", "OPTIONS"):
        got = at_folder.of("cli").ask(method, f"/documents/{SHA256}")
        assert (got.status, got.error, got.headers["allow"]) == (405, "MethodNotAllowed", "GET, HEAD, PUT")


def test_an_altered_document_is_not_given(service: Running, kept: Kept) -> None:
    """What the hash does not match is not that document: neither a short one nor a long one is got whole."""
    officer = service.of("cli")
    for content in (LETTER, LONG):
        sha256 = hashlib.sha256(content).hexdigest()
        officer.ask("PUT", f"/documents/{sha256}", content)
        [path] = [path for path in kept.files() if path.name == sha256]
        path.chmod(0o600)
        path.write_bytes(content[:-1] + b"!")
    got = officer.ask("GET", f"/documents/{SHA256}")
    assert (got.status, got.error) == (500, "DocumentAltered")
    with pytest.raises(http.client.IncompleteRead):
        officer.ask("GET", f"/documents/{LONG_SHA256}")
    officer.ask("PUT", f"/documents/{SHA256}", LETTER)
    assert officer.ask("GET", f"/documents/{SHA256}").body == LETTER


def test_a_store_that_fails_is_told(at_folder: Running, tmp_path: Path) -> None:
    """Neither as a missing document nor as a broken connection."""
    (tmp_path / "store").write_text("in the way")
    for method in ("GET", "PUT"):
        got = at_folder.of("cli").ask(method, f"/documents/{SHA256}", LETTER)
        assert (got.status, got.error) == (503, "StoreUnavailable")


def test_a_disk_that_gets_full_takes_no_more(at_folder: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who puts documents without end stops nobody's log; what is there can still be had."""
    officer = at_folder.of("cli")
    assert officer.ask("PUT", f"/documents/{SHA256}", LETTER).status == 201
    full = shutil.disk_usage("/")._replace(total=100 * 2**30, free=4 * 2**30)
    monkeypatch.setattr("jauap.documents.shutil.disk_usage", lambda _: full)
    assert officer.ask("PUT", f"/documents/{LONG_SHA256}", LONG).status == 503
    assert officer.ask("GET", f"/documents/{LONG_SHA256}").status == 404
    assert officer.ask("GET", f"/documents/{SHA256}").body == LETTER


# Who asks


@pytest.mark.parametrize(
    ("user", "password"),
    [
        (None, None),
        ("MIA", "wrong"),
        ("MIA", ""),
        ("NOBODY", "x"),
        ("MI A", "x"),
        ("MIA", "x" * 300),
        ("MIA", "a\x00b"),
    ],
)
def test_without_the_right_login_nothing_is_done(at_folder: Running, user: str | None, password: str | None) -> None:
    """Each way to have none is answered alike, with how to log in."""
    got = at_folder.of(user, password).ask("PUT", f"/documents/{SHA256}", LETTER)
    assert (got.status, got.error) == (401, "WrongLogin")
    assert got.headers["www-authenticate"].startswith("Basic ")
    assert at_folder.of("cli").ask("GET", f"/documents/{SHA256}").status == 404


def test_a_right_login_that_is_nobody_s_here_has_no_access(at_folder: Running) -> None:
    """As the broker's administrator, who is neither a process of ours nor a body."""
    assert at_folder.of("admin").ask("GET", f"/documents/{SHA256}").status == 403


def test_health_is_for_everybody_and_says_little(at_folder: Running) -> None:
    """A machine that watches needs no login."""
    got = at_folder.of(None).ask("GET", "/health")
    assert (got.status, got.body) == (200, b'{"status":"ok"}')


def test_the_log_says_who_and_what_and_no_secret(at_folder: Running) -> None:
    """A principal, a hash, a status, bytes and time; neither a password nor what a document holds."""
    with capture_logs() as told:
        at_folder.of("MIA").ask("PUT", f"/documents/{SHA256}", LETTER)
        at_folder.of("MIA", "wrong-secret").ask("GET", f"/documents/{SHA256}")
        until(lambda: len(told) == 2)
    assert {name: told[0][name] for name in ("who", "what", "status", "method", "taken", "log_level")} == {
        "who": "MIA", "what": SHA256, "status": 201, "method": "PUT", "taken": len(LETTER), "log_level": "info",
    }  # fmt: skip
    assert isinstance(told[0]["ms"], int)
    assert (told[1]["who"], told[1]["status"]) == (None, 401)
    assert not any(word in str(told) for word in ("a letter", "wrong-secret", PASSWORDS["MIA"], "Basic"))


# Who takes too much


QUICK = Limits(connections=12, of_an_address=4, head=1.0, start=1.0, rate=10**7)


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Running]:
    """The service with small limits."""
    with running(_folder(tmp_path), LARGEST, QUICK) as found:
        yield found


def ended(raw: socket.socket) -> bool:
    """Whether the other side has ended a connection, within some seconds."""
    raw.settimeout(10)
    try:
        return b"".join(iter(lambda: raw.recv(65536), b"")) is not None
    except ConnectionResetError:
        return True


def test_slow_clients_do_not_hold_up_others(quick: Running) -> None:
    """Who opens many connections and says nothing, or a byte now and then, has his share of them, and not for long."""
    slow = [socket.create_connection(("127.0.0.1", quick.port), source_address=("127.0.0.2", 0)) for _ in range(20)]
    for number, raw in enumerate(slow):
        if number % 2:
            raw.sendall(b"GET /health HTTP/1.1\r\nX: ")
    began = time.monotonic()
    for _ in range(5):
        assert quick.of("MIA").ask("PUT", f"/documents/{SHA256}", LETTER).status == 201
    assert time.monotonic() - began < 0.9
    assert all(ended(raw) for raw in slow)
    assert quick.of("MIA", source="127.0.0.2").ask("GET", "/health").status == 200
    for raw in slow:
        raw.close()


def test_a_body_must_come_at_some_rate(quick: Running, tmp_path: Path) -> None:
    """An upload that drips is broken off, and leaves nothing."""
    login = quick.of("MIA").headers()["Authorization"]
    with socket.create_connection(("127.0.0.1", quick.port)) as raw:
        head = f"PUT /documents/{SHA256} HTTP/1.1\r\nHost: x\r\nAuthorization: {login}\r\nContent-Length: 800\r\n\r\n"
        raw.sendall(head.encode())
        began = time.monotonic()
        with pytest.raises(OSError, match=r"Broken pipe|reset by peer"):  # noqa: PT012 - whichever byte it is
            while time.monotonic() - began < 10:
                raw.sendall(b"x")
                time.sleep(0.02)
    until(lambda: not [path for path in (tmp_path / "store").rglob("*") if path.is_file()])


def test_an_answer_must_be_taken_at_some_rate(quick: Running) -> None:
    """Who asks for a document and does not read it is broken off."""
    content = b"z" * LARGEST
    sha256 = hashlib.sha256(content).hexdigest()
    officer = quick.of("cli")
    officer.ask("PUT", f"/documents/{sha256}", content)
    with capture_logs() as told, socket.socket() as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        raw.connect(("127.0.0.1", quick.port))
        login = officer.headers()["Authorization"]
        raw.sendall(f"GET /documents/{sha256} HTTP/1.1\r\nHost: x\r\nAuthorization: {login}\r\n\r\n".encode())
        until(lambda: any(line["event"] == "answer broken off" for line in told))


@pytest.mark.parametrize(
    "line", [b"GET /" + b"x" * 40_000, b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 9000]
)
def test_what_is_no_request_is_refused(quick: Running, line: bytes) -> None:
    """As is one whose head is too long."""
    with socket.create_connection(("127.0.0.1", quick.port), timeout=10) as raw:
        raw.sendall(line)
        try:
            assert raw.recv(100)[:10] == b"HTTP/1.1 4"
        except ConnectionResetError:
            pytest.fail("it got no answer")


def test_what_is_under_way_at_the_stop_comes_to_its_end(tmp_path: Path) -> None:
    """An upload that has begun is taken; nobody new is; who is idle is sent away at once."""
    with running(_folder(tmp_path), LARGEST) as service:
        login = service.of("MIA").headers()["Authorization"]
        idle = socket.create_connection(("127.0.0.1", service.port))
        with socket.create_connection(("127.0.0.1", service.port), timeout=10) as raw:
            head = (
                f"PUT /documents/{SHA256} HTTP/1.1\r\nHost: x\r\nAuthorization: {login}\r\nContent-Length: 8\r\n\r\na "
            )
            raw.sendall(head.encode())
            until(lambda: bool(list((tmp_path / "store").glob(".incoming*"))))
            stopping = threading.Thread(target=service.server.stop, args=(10,))
            stopping.start()
            assert ended(idle)
            with pytest.raises(OSError, match="refused"):
                socket.create_connection(("127.0.0.1", service.port))
            raw.sendall(b"letter")
            assert raw.recv(65536).startswith(b"HTTP/1.1 201 ")
            stopping.join(5)
            assert not stopping.is_alive()
        idle.close()


# Who guesses


def test_a_login_is_checked_once_in_a_while(at_folder: Running) -> None:
    """A good one, and a wrong one too, is remembered; a new password of the same name is looked at."""
    for _ in range(3):
        assert at_folder.of("MIA").ask("GET", f"/documents/{SHA256}").status == 404
        assert at_folder.of("MIA", "wrong").ask("GET", f"/documents/{SHA256}").status == 401
    assert at_folder.passwords.asked == ["MIA", "MIA"]


def test_who_guesses_is_not_listened_to_and_locks_nobody_out(tmp_path: Path) -> None:
    """After some wrong passwords an address is turned away for a minute, whatever it says; the body itself comes in."""
    with running(_folder(tmp_path), LARGEST, patience=Patience(wrong=4)) as service:
        got = [service.of("MIA", f"guess {n}", source="127.0.0.2").ask("GET", f"/documents/{SHA256}") for n in range(6)]
        assert [one.status for one in got] == [401, 401, 401, 401, 429, 429]
        assert got[-1].error == "TooManyLogins"
        assert service.of("MIA", source="127.0.0.2").ask("GET", f"/documents/{SHA256}").status == 429
        assert len(service.passwords.asked) == 4
        assert service.of("MIA").ask("GET", f"/documents/{SHA256}").status == 404


def test_many_guesses_at_once_hold_nobody_up(tmp_path: Path) -> None:
    """Few logins are checked at once, and who was let in before is checked among those."""
    with running(_folder(tmp_path), LARGEST, patience=Patience(good=0.0, at_once=2, wait=0.2)) as service:
        assert service.of("MIA").ask("GET", f"/documents/{SHA256}").status == 404
        service.passwords.gate.clear()
        answers: list[Got] = []
        guesses = [
            threading.Thread(
                target=lambda n=n: answers.append(service.of("AGO", f"guess {n}", "127.0.0.3").ask("GET", "/subjects"))
            )
            for n in range(8)
        ]
        for guess in guesses:
            guess.start()
        until(lambda: len(answers) == 6)
        assert {answer.status for answer in answers} == {429}
        assert service.of(None).ask("GET", "/health").status == 200
        mia = threading.Thread(target=lambda: answers.append(service.of("MIA").ask("GET", f"/documents/{SHA256}")))
        mia.start()
        until(lambda: service.passwords.asked.count("MIA") == 2)
        assert service.passwords.asked.count("AGO") == 2
        service.passwords.gate.set()
        for thread in (*guesses, mia):
            thread.join(10)
        assert sorted(answer.status for answer in answers) == [401, 401, 404, *[429] * 6]


def test_kafka_that_is_away_is_no_wrong_password(at_folder: Running) -> None:
    """It is told that it can't be known now; who was let in a moment ago comes in."""
    assert at_folder.of("MIA").ask("PUT", f"/documents/{SHA256}", LETTER).status == 201
    at_folder.passwords.away = True
    assert at_folder.of("AGO").ask("GET", f"/documents/{SHA256}").status == 503
    assert at_folder.of("MIA").ask("PUT", f"/documents/{SHA256}", LETTER).status == 201
    at_folder.passwords.away = False
    assert at_folder.of("AGO").ask("GET", f"/documents/{SHA256}").status == 404
