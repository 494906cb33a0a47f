"""What falls short of the decree: when each finding is raised, and what cures it."""

from datetime import date

import pytest

from jauap.domain.case import Case
from jauap.domain.events import CalendarActReceived, Event, FindingRaised
from jauap.domain.facts import CalendarDay, ForwardedTo
from jauap.domain.rules import DECREE
from jauap.domain.workdays import Calendars
from services.deadlines.findings import HEADS
from tests.builders import (
    a_communication,
    a_correction,
    a_decline,
    a_draft,
    a_forwarding,
    a_meeting,
    a_merger,
    a_notice,
    a_participant,
    a_response,
    a_return,
    a_signatory,
    a_site_publication,
    a_withdrawal,
    an_ohchr_publication,
    by,
    day,
    given,
    some_info,
)
from tests.services.deadline_runs import acts, findings_on

Item = Event | tuple[str, Event]

PUBLIC = "https://public.example/1"

IN_ORDER = (a_communication(), a_forwarding(), a_notice(), some_info(), a_meeting(), a_draft(2))
"""All that comes before a response, as the decree asks for it: information is intake's second record."""


def findings_of(case: Case, today: str = "07-01") -> dict[str, FindingRaised]:
    """Give the findings that should be on record on a day of 2026."""
    return {name: finding.raised for name, finding in findings_on(case, today).items()}


def told(finding: FindingRaised) -> tuple[str | None, str, str, str | None, str]:
    """Give what a finding says: its paragraph, what was expected and found, the body, the record."""
    return finding.paragraph, finding.expected, finding.found, finding.body, finding.basis


def test_a_case_in_order() -> None:
    """A letter that was handled as the decree asks has no finding."""
    case = given(*IN_ORDER, a_response(), an_ohchr_publication(), a_site_publication())
    assert findings_of(case) == {}


@pytest.mark.parametrize("change", [a_merger(), by("intake", a_withdrawal())], ids=["merged", "letter withdrawn"])
def test_nothing_to_judge(change: Item) -> None:
    """A merged case, or one without a letter, has no finding."""
    broken = (a_communication(), a_response(language="ru", channel="other"))
    assert findings_of(given(*broken))
    assert findings_of(given(*broken, change)) == {}


def test_assumed_receipt() -> None:
    """While the day of receipt is only assumed there is no finding."""
    case = given(a_communication(receipt_assumed=True), a_response(language="ru"))
    assert findings_of(case) == {}


def test_before_the_decree() -> None:
    """What happened before 25 January 2022 is not judged by it; what happened on that day is."""
    old = date(2022, 1, 24)
    bad = {"language": "ru", "channel": "other", "signatory": a_signatory(capacity="other")}
    for on, codes in ((old, set()), (DECREE, {"language", "channel", "signatory", "no-meeting", "rests-on-nothing"})):
        case = given(
            a_communication(received_on=date(2022, 1, 10), letter_date=None),
            a_response(sent_on=on, **bad),
            a_meeting(a_participant(level="below"), held_on=on) if on == old else a_notice(informed_on=on),
            a_site_publication(published_on=old),
            some_info(submitted_on=old, signatory=a_signatory(capacity="other")),
        )
        found = {name: finding for name, finding in findings_of(case).items() if finding.code != "late"}
        assert {finding.code for finding in found.values()} == codes


# Terms


def test_late() -> None:
    """A term of the decree that was missed is a finding, also once the fact is there, late."""
    clause = ("14-5(1)", "done by 2026-06-10", "not done in time", None, "intake:1")
    for facts in ((a_notice(),), (a_notice(), a_forwarding(forwarded_on=day("06-11")))):
        assert told(findings_of(given(a_communication(), *facts))["late/14-5(1)"]) == clause
    assert "late/14-5(1)" not in findings_of(given(a_communication(), a_forwarding(forwarded_on=day("06-10"))))
    assert "late/14-5(1)" not in findings_of(given(a_communication()), "06-10")


def test_late_follows_the_due_date() -> None:
    """A corrected day of receipt changes by when it should have been done, and may cure the finding."""
    facts = (a_communication(), a_notice(), a_forwarding(forwarded_on=day("06-16")))
    later = findings_of(given(*facts, a_correction(received_on=day("06-05"))))["late/14-5(1)"]
    assert (later.expected, later.basis) == ("done by 2026-06-12", "intake:2")
    assert "late/14-5(1)" not in findings_of(given(*facts, a_correction(received_on=day("06-09"))))


def test_missed_request_is_no_breach() -> None:
    """A body that misses the date the MFA asked for is late for that request, not in breach of the decree: 14-7(1)."""
    to = ForwardedTo(body="MIA", due=day("06-19"))
    found = findings_of(given(a_communication(), a_notice(), a_forwarding(to)))
    assert {name: told(finding) for name, finding in found.items()} == {
        "request-late/asked/MIA": (
            None,
            "information by 2026-06-19, as the MFA asked",
            "not done in time",
            "MIA",
            "routing:2",
        )
    }


@pytest.mark.parametrize("body", ["PA", "PMO"])
def test_no_body_is_exempt(body: str) -> None:
    """50(1) exempts two bodies from chapter 6 only, and so not from 14-7(1)."""
    wrong = some_info(body=body, signatory=a_signatory(capacity="other"))
    found = findings_of(given(a_communication(), a_notice(), a_forwarding(body), wrong))
    assert told(found["signatory/intake:2"]) == ("14-7(1)", HEADS, "signed in another capacity", body, "intake:2")


def test_body_forwarded_to_late() -> None:
    """14-5(1): each body whose first forwarding came after the due date is a finding of its own."""
    case = given(
        a_communication(),
        a_notice(),
        a_forwarding("MIA"),
        a_forwarding("MIA", "MOJ", forwarded_on=day("06-11")),
        a_forwarding("GPO", forwarded_on=day("06-10")),
    )
    assert {name: told(finding) for name, finding in findings_of(case).items()} == {
        "forwarded-late/MOJ": ("14-5(1)", "forwarded by 2026-06-10", "forwarded on 2026-06-11", "MOJ", "routing:3")
    }


def test_each_body_is_judged_by_the_calendar_as_known_when_it_was_forwarded_to() -> None:
    """An act of 9 June makes the 10th a day off: forwarded on the 11th is in time, though the first went on the 5th."""
    act = CalendarActReceived(
        act="later-order",
        title="An order",
        known_on=day("06-09"),
        days=(CalendarDay(day=day("06-10"), becomes="moved-off", why="Order"),),
    )
    calendars = Calendars([*acts(), act])
    for on, late in (("06-11", []), ("06-12", ["forwarded-late/GPO"])):
        case = given(a_communication(), a_notice(), a_forwarding("MIA"), a_forwarding("GPO", forwarded_on=day(on)))
        assert list(findings_on(case, calendar=calendars)) == late


def test_bodies_of_a_late_first_forwarding_are_one_finding() -> None:
    """14-5(1): the clock itself is missed; who is forwarded to later still is a finding of its own, and says when."""
    case = given(
        a_communication(),
        a_notice(),
        a_forwarding("MIA", "MOJ", forwarded_on=day("06-11")),
        a_forwarding("GPO", forwarded_on=day("06-12")),
    )
    assert list(findings_of(case)) == ["late/14-5(1)", "forwarded-late/GPO"]
    later = findings_on(case)["forwarded-late/GPO"]
    assert (later.cured_on, later.cured_by) == (day("06-12"), "routing:3")


def test_a_late_report_on_an_interim_reply_is_practice() -> None:
    """14-9 says only response: the clock is the safe reading, so its finding cites no paragraph."""
    case = given(*IN_ORDER[:-1], a_response(kind="interim"))
    found = findings_of(case, "08-01")
    assert {name: finding.paragraph for name, finding in found.items() if name.startswith("late/14-9")} == {
        "late/14-9(1)/1": None,
        "late/14-9(2)/1": None,
    }


def test_body_forwarded_to_late_cured() -> None:
    """An earlier forwarding to the body that is recorded later cures its finding."""
    case = given(
        a_communication(), a_notice(), a_forwarding("MIA", forwarded_on=day("06-11")), a_forwarding("MIA", "MOJ")
    )
    assert findings_of(case) == {}


# Who signs


@pytest.mark.parametrize(
    ("capacity", "order", "found"),
    [
        ("first-head", None, None),
        ("acting-first-head", "No. 1 of 1 June", None),
        ("acting-first-head", None, "signed as acting first head, no order shown"),
        ("other", "No. 1 of 1 June", "signed in another capacity"),
    ],
)
def test_signatories(capacity: str, order: str | None, found: str | None) -> None:
    """14-7(1), 14-8(1): the first head signs, or who is shown by an order to act as such."""
    signatory = a_signatory(capacity=capacity, order=order)
    letter, forwarding, notice, _, meeting, draft = IN_ORDER
    info, response = some_info(signatory=signatory), a_response(signatory=signatory)
    case = given(letter, forwarding, notice, info, meeting, draft, response)
    expected = {
        "signatory/intake:2": ("14-7(1)", HEADS, found, "MIA", "intake:2"),
        "signatory/publication:2": ("14-8(1)", HEADS, found, None, "publication:2"),
    }
    assert {name: told(finding) for name, finding in findings_of(case).items()} == (expected if found else {})


def test_interim_reply_is_judged() -> None:
    """14-8(1): an interim reply is a response: who signed it, its language and channel are judged."""
    wrong = a_response(kind="interim", signatory=a_signatory(capacity="other"), language="ru", channel="other")
    found = findings_of(given(a_communication(), a_forwarding(), a_notice(), wrong))
    assert list(found) == ["signatory/publication:1", "language/publication:1", "channel/publication:1"]


def test_acknowledgement_is_not_judged() -> None:
    """An acknowledgement is no response: nothing about it is a finding."""
    wrong = a_response(kind="acknowledgement", signatory=a_signatory(capacity="other"), language="ru", channel="other")
    assert findings_of(given(a_communication(), a_forwarding(), a_notice(), wrong)) == {}


# The response


def test_language() -> None:
    """14-8(1): a response in another language than the communication's is a finding; an unknown language is none."""
    case = given(*IN_ORDER, a_response(language="ru"))
    assert {name: told(finding) for name, finding in findings_of(case).items()} == {
        "language/publication:2": ("14-8(1)", "in en, as the communication", "in ru", None, "publication:2")
    }
    assert findings_of(given(*IN_ORDER, a_response(language=None))) == {}
    assert findings_of(given(*IN_ORDER, a_correction(cleared=("language",)), a_response(language="ru"))) == {}


def test_channel() -> None:
    """14-8(1): another channel than the diplomatic one is a finding; an unknown one is none."""
    case = given(*IN_ORDER, a_response(channel="other"))
    assert {name: told(finding) for name, finding in findings_of(case).items()} == {
        "channel/publication:2": (
            "14-8(1)",
            "sent through diplomatic channels",
            "sent through another channel",
            None,
            "publication:2",
        )
    }
    assert findings_of(given(*IN_ORDER, a_response(channel=None))) == {}


def test_public_record_is_judged_for_lateness_only() -> None:
    """How a response of the public record came about is unknown: that it was late is the only finding about it."""
    late = a_communication(reply_due=day("06-20"))
    response = a_response(public_record=PUBLIC, signatory=None, language="ru", channel=None)
    assert list(findings_of(given(late, a_forwarding(), a_notice(), response))) == ["late/14-8(1)"]


def test_withdrawn_response() -> None:
    """A withdrawn response takes its findings with it."""
    case = given(*IN_ORDER, a_response(language="ru"), by("publication", a_withdrawal(2)))
    assert findings_of(case) == {}


# The meeting


def test_no_meeting() -> None:
    """14-7(2): a full response without a meeting by its day is a finding; a meeting after it does not count."""
    expected = ("14-7(2)", "a meeting held by 2026-06-22", "no meeting by that day on record", None, "publication:2")
    without: list[Item] = [fact for fact in IN_ORDER if fact != a_meeting()]
    for meetings in ((), (a_meeting(held_on=day("06-23")),)):
        found = findings_of(given(*without, *meetings, a_response()))
        assert {name: told(finding) for name, finding in found.items()} == {"no-meeting/publication:2": expected}
    assert findings_of(given(*without, a_meeting(held_on=day("06-22")), a_response())) == {}
    assert findings_of(given(*without, a_response(kind="interim"))) == {}


def test_meeting_too_low() -> None:
    """14-7(2): a participant below the heads of structural units is a finding about the meeting."""
    low = a_meeting(a_participant("MFA", level="deputy-head"), a_participant("MIA", level="below"))
    assert {name: told(finding) for name, finding in findings_of(given(*IN_ORDER, low)).items()} == {
        "meeting-level/routing:4": (
            "14-7(2)",
            "heads of structural units or above",
            "1 of 2 participants below that level",
            None,
            "routing:4",
        )
    }


def test_meeting_without_an_interested_body() -> None:
    """14-7(2): each interested body that was not represented is a finding of its own."""
    meeting = a_meeting(a_participant("MFA"), a_participant("GPO"), interested=("MIA", "GPO", "MOJ"))
    found = findings_of(given(*IN_ORDER, meeting))
    assert list(found) == ["meeting-without/routing:4/MIA", "meeting-without/routing:4/MOJ"]
    assert told(found["meeting-without/routing:4/MOJ"]) == (
        "14-7(2)",
        "each interested body represented",
        "MOJ not represented",
        "MOJ",
        "routing:4",
    )


# What the response rests on


ASKED = (a_communication(), a_notice(), a_forwarding("MIA", "MOJ"), some_info("MIA"), some_info("MOJ"), a_meeting())
"""Two bodies that were asked; their information is intake's second and third record."""


def test_rests_on_nothing() -> None:
    """14-6: a full response without a draft that rests on information on record is a finding."""
    one_asked = IN_ORDER[:-1]
    expected = ("14-6", "rests on the bodies' information", "rests on none that is on record", None)
    for facts in (
        [a_draft(), a_response()],
        [a_draft(2), by("intake", a_withdrawal(2)), a_response()],
        [a_draft(2, drafted_on=day("06-23")), a_response()],
    ):
        found = findings_of(given(*one_asked, *facts))
        assert told(found["rests-on-nothing/publication:2"]) == (*expected, "publication:2")
    assert "rests-on-nothing/publication:1" in findings_of(given(*one_asked, a_response()))
    assert "rests-on-nothing/publication:3" not in findings_of(given(*one_asked, a_draft(2), a_draft(), a_response()))


def test_leaves_a_body_out() -> None:
    """14-6: each body asked whose information the last draft does not rest on is a finding of its own."""
    case = given(*ASKED, a_draft(2, 3), a_draft(2, drafted_on=day("06-17")), a_response())
    assert {name: told(finding) for name, finding in findings_of(case).items()} == {
        "leaves-out/publication:3/MOJ": (
            "14-6",
            "rests on the information of each body that supplied some",
            "rests on none of MOJ",
            "MOJ",
            "publication:3",
        )
    }


@pytest.mark.parametrize(
    "facts",
    [
        [a_draft(2, 3), a_response()],
        [a_draft(2, 3, drafted_on=day("06-17")), a_draft(2), a_response()],
        [a_draft(2, 3), a_draft(2, drafted_on=day("06-23")), a_response()],
        [a_decline("MOJ"), a_draft(2), a_response()],
        [a_forwarding("GPO", forwarded_on=day("06-23")), a_draft(2, 3), a_response()],
        [a_draft(2, 3), a_response(kind="interim")],
    ],
    ids=["all", "earlier draft", "draft after it", "declined", "asked after it", "interim"],
)
def test_leaves_no_body_out(facts: list[Item]) -> None:
    """14-6: no finding where the last draft by that day has all bodies asked by then that did not decline."""
    found = findings_of(given(*ASKED, *facts))
    assert [name for name in found if name.startswith("leaves-out")] == []


def test_silent_body_is_not_left_out() -> None:
    """14-6 speaks of information that was supplied: who supplied none, or what was returned, is not left out."""
    silent = given(
        a_communication(), a_notice(), a_forwarding("MIA", "GPO"), some_info(), a_meeting(), a_draft(2), a_response()
    )
    assert findings_of(silent) == {}
    returned = given(*ASKED, a_return(3, "MOJ"), a_draft(2), a_response())
    assert [name for name in findings_of(returned) if name.startswith("leaves-out")] == []


def test_each_response_is_judged_by_its_own_drafts() -> None:
    """A later response is judged by the drafts of its own day and before."""
    case = given(
        *ASKED, a_draft(2), a_response(), a_draft(2, 3, drafted_on=day("06-25")), a_response(sent_on=day("06-26"))
    )
    assert list(findings_of(case)) == ["leaves-out/publication:2/MOJ"]


def test_returned_information_is_on_record() -> None:
    """A response may rest on information that was returned: it is on record."""
    case = given(*IN_ORDER, a_return(2), a_response())
    assert findings_of(case) == {}


# The site


def test_published_before_ohchr() -> None:
    """14-8(2): what stood on the site before OHCHR published it is a finding; the same day is none."""
    page = a_site_publication(published_on=day("06-23"))
    case = given(*IN_ORDER, an_ohchr_publication(), page)
    assert {name: told(finding) for name, finding in findings_of(case).items()} == {
        "published-early/publication:2": (
            "14-8(2)",
            "on the site once OHCHR has published it",
            "on the site on 2026-06-23, by OHCHR on 2026-06-24",
            None,
            "publication:2",
        )
    }
    assert findings_of(given(*IN_ORDER, an_ohchr_publication(published_on=day("06-23")), page)) == {}


def test_published_while_ohchr_has_not() -> None:
    """14-8(2): a publication on the site is a finding as long as OHCHR's own of the same is not on record."""
    response = (a_response(), a_response(), a_site_publication("response", response=2))
    case = given(*IN_ORDER, *response, an_ohchr_publication(), an_ohchr_publication("response", response=3))
    found = findings_of(case)
    assert list(found) == ["published-early/publication:4"]
    assert (
        found["published-early/publication:4"].found == "on the site on 2026-06-26, no publication by OHCHR on record"
    )
    assert findings_of(given(*IN_ORDER, *response, an_ohchr_publication("response", response=2))) == {}


@pytest.mark.parametrize("what", ["communication", "response"])
def test_public_record_is_published(what: str) -> None:
    """What was taken from the public record is public, if on an unknown day: its publication here is no finding."""
    case = given(
        a_communication(public_record=PUBLIC),
        a_forwarding(),
        a_notice(),
        a_response(public_record=PUBLIC),
        a_site_publication(what, response=1 if what == "response" else None),
    )
    assert findings_of(case) == {}


def test_no_names() -> None:
    """No finding holds the name or the position of an official."""
    case = given(
        a_communication(),
        some_info(signatory=a_signatory(capacity="other")),
        a_meeting(a_participant(level="below"), interested=("MIA",)),
        a_response(signatory=a_signatory(capacity="acting-first-head"), language="ru", channel="other"),
        a_site_publication(),
    )
    text = str(findings_of(case))
    assert "Official" not in text
    assert "Minister" not in text
    assert "Director" not in text
