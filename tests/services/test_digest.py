"""Messages: who is still to be told of what, gathered for each recipient, in three languages."""

import re
from typing import Any

import msgspec
import pytest

from jauap.domain.alerts import Delivery
from jauap.domain.facts import AlertChannel
from jauap.projections.alerts import AlertRow
from jauap.surroundings import shipped_rules
from services.post import wording
from services.post.digest import digests
from services.post.wording import LINES, WORDS, Item
from tests.builders import day
from tests.domain.test_directory import a_directory

TODAY = day("06-10")
AN_ALERT = AlertRow(
    case_id="KAZ-3-2026", alert=4, clock="14-5(1)", kind="near", step=2, paragraph="14-5(1)", body=None,
    reference="KAZ 3/2026", due=day("06-12"), act_by=day("06-11"), previous=None, because=(), estimated=False,
    absent=None, level=0, officer="OFFICER-7", deputy="OFFICER-3", acknowledged_by=None, acknowledged_on=None,
    deliveries=(), last_recorded_at=None, stands_still=False,
)  # fmt: skip


def an_alert(**changes: Any) -> AlertRow:
    """Near: 14-5(1) of KAZ-3-2026, to be met by 11 June, due on the 12th; the officer is OFFICER-7."""
    return msgspec.structs.replace(AN_ALERT, **changes)


def a_delivery(recipient: str = "OFFICER-7", level: int = 0, **changes: Any) -> Delivery:
    """An e-mail went out."""
    plain = Delivery(level=level, recipient=recipient, channel="email", message="<m@jauap>", first_on=TODAY, on=TODAY)
    return msgspec.structs.replace(plain, **changes)


def wanted(*rows: AlertRow, **given: Any) -> dict[tuple[str, AlertChannel], list[int]]:
    """The numbers of the alerts in each message that is to go out."""
    found = digests(rows, given.pop("directory", a_directory()), TODAY, **given)
    return {digest.place: [row.alert for row in digest.rows] for digest in found}


OFFICER: tuple[str, AlertChannel] = ("OFFICER-7", "email")


def test_there_is_one_message_for_each_recipient_and_channel() -> None:
    """Hundreds of alerts are one message; the most urgent come first."""
    rows = [
        an_alert(),
        an_alert(alert=5, kind="missed", act_by=day("06-09")),
        an_alert(alert=6, kind="moved-earlier"),
        an_alert(alert=7, officer="OFFICER-3", deputy=None),
        an_alert(alert=8, body="MIA", clock="asked/MIA", paragraph=None),
    ]
    assert wanted(*rows) == {
        OFFICER: [5, 6, 4, 8],
        ("OFFICER-3", "email"): [7],
        ("MIA", "email"): [8],
    }


def test_who_was_told_is_not_told_again() -> None:
    """At the same level by the same channel; a failed attempt did not tell, and at the next level the superior is."""
    assert wanted(an_alert(deliveries=(a_delivery(),))) == {}
    assert wanted(an_alert(deliveries=(a_delivery(fault="unreachable"),))) == {OFFICER: [4]}
    below = (a_delivery(), a_delivery("HEAD-2", 1))
    assert wanted(an_alert(level=1, deliveries=below[:1])) == {("HEAD-2", "email"): [4]}
    assert wanted(an_alert(level=2, deliveries=below)) == {("DIRECTOR", "webhook"): [4]}
    top = (*below, a_delivery("DIRECTOR", 2, channel="webhook"))
    assert wanted(an_alert(level=3, deliveries=top)) == {}


def test_who_gets_a_case_gets_its_alerts() -> None:
    """Handed over, the case's open alerts go to the new officer; on leave, to the deputy."""
    told = (a_delivery(),)
    assert wanted(an_alert(officer="OFFICER-3", deputy=None, deliveries=told)) == {("OFFICER-3", "email"): [4]}
    assert wanted(an_alert(deliveries=told), directory=a_directory("OFFICER-7")) == {("OFFICER-3", "email"): [4]}
    late = digests([an_alert(level=1, officer="OFFICER-3", deliveries=told)], a_directory(), TODAY)
    assert [(digest.place, digest.rows[0].level) for digest in late] == [
        (("HEAD-2", "email"), 1),
        (("OFFICER-3", "email"), 0),
    ]


def test_leave_does_not_send_an_alert_on_before_its_time() -> None:
    """The superior who was told stays the first superior; who stood in is passed over when it goes up."""
    alone = an_alert(deputy=None, level=1, deliveries=(a_delivery(), a_delivery("HEAD-2", 1)))
    assert wanted(alone, directory=a_directory("OFFICER-7")) == {}
    failed = an_alert(deputy=None, level=1, deliveries=(a_delivery(), a_delivery("HEAD-2", 1, fault="deferred")))
    found = digests([failed], a_directory("OFFICER-7"), TODAY)
    assert [(digest.place, digest.rows[0].level) for digest in found] == [(("HEAD-2", "email"), 1)]
    stood_in = an_alert(deputy=None, level=1, deliveries=(a_delivery("HEAD-2"),))
    assert wanted(stood_in, directory=a_directory("OFFICER-7")) == {("DIRECTOR", "webhook"): [4]}
    head_away = an_alert(level=2, deliveries=(a_delivery(), a_delivery("DIRECTOR", 1, channel="webhook")))
    assert wanted(head_away, directory=a_directory("HEAD-2")) == {}
    assert wanted(an_alert(level=1), directory=a_directory("OFFICER-7", "OFFICER-3")) == {
        ("HEAD-2", "email"): [4],
        ("DIRECTOR", "webhook"): [4],
    }


def test_who_stands_in_two_lines_is_told_once() -> None:
    """The head of the officer may be the head of the body's contact too."""
    contact = {"body": "MIA", "email": "mia@mia.example", "language": "kk", "superior": "HEAD-2"}
    asked = an_alert(clock="asked/MIA", body="MIA", level=1, deliveries=(a_delivery(), a_delivery("MIA")))
    assert wanted(asked, directory=a_directory(bodies=[contact])) == {("HEAD-2", "email"): [4]}
    over_the_officer = an_alert(officer="HEAD-2", body="MIA", level=1, deliveries=(a_delivery("HEAD-2"),))
    assert wanted(over_the_officer, directory=a_directory(bodies=[contact])) == {
        ("MIA", "email"): [4],
        ("DIRECTOR", "webhook"): [4],
    }


@pytest.mark.parametrize("changes", [{"acknowledged_by": "OFFICER-7"}, {"stands_still": True}])
def test_what_needs_no_telling_or_can_t_be_recorded_is_left_out(changes: dict[str, Any]) -> None:
    """Somebody took notice; or nothing can be recorded of the case now."""
    assert wanted(an_alert(**changes)) == {}


def test_an_alert_waits_while_a_command_of_its_case_is_undecided() -> None:
    """It may be the record of the very delivery."""
    other = an_alert(case_id="KAZ-4-2026", alert=9)
    assert wanted(an_alert(), other, undecided={"KAZ-3-2026"}) == {OFFICER: [9]}


def test_without_a_mail_server_only_webhooks_are_told() -> None:
    """What can't be sent is not tried."""
    assert wanted(an_alert(), an_alert(level=2, alert=5), channels=("webhook",)) == {("DIRECTOR", "webhook"): [5]}


def test_the_same_alerts_make_the_same_id() -> None:
    """In any order; another level, recipient or alert makes another."""
    rows = [an_alert(), an_alert(alert=5)]
    (one,) = digests(rows, a_directory(), TODAY)
    (again,) = digests(rows[::-1], a_directory(), TODAY)
    assert one.message == again.message
    assert re.fullmatch(r"<[0-9a-f-]{36}@jauap\.invalid>", one.message)
    others = [*digests(rows[:1], a_directory(), TODAY), *digests([an_alert(level=1), rows[1]], a_directory(), TODAY)]
    others += digests(rows, a_directory(), TODAY, host="mfa.example")
    assert len({one.message, *(other.message for other in others)}) == 4


# What it says

EVERY = [
    Item(an_alert(), 1, TODAY),
    Item(an_alert(step=0, act_by=day("06-10"), due=day("06-10")), 0, TODAY),
    Item(an_alert(act_by=day("06-09"), due=day("06-10")), 0, TODAY),
    Item(an_alert(act_by=day("06-30"), due=day("06-30")), None, TODAY),
    Item(an_alert(kind="missed", due=day("06-09"), act_by=day("06-08")), 0, TODAY),
    Item(an_alert(kind="moved", previous=day("06-10"), because=("government-796-2022",)), 1, TODAY),
    Item(an_alert(kind="moved-earlier", previous=day("06-15"), estimated=True), 1, TODAY),
    Item(an_alert(kind="moved-earlier", previous=day("06-11"), due=day("06-13")), 1, TODAY),
    Item(an_alert(kind="moved", previous=None), 1, TODAY),
    Item(an_alert(kind="estimate", estimated=True), 1, TODAY),
    Item(an_alert(kind="reopened"), 1, TODAY),
    Item(an_alert(kind="reopened", act_by=None, due=None), None, TODAY),
    Item(an_alert(kind="calendar-missing", act_by=None, due=None), None, TODAY),
    Item(an_alert(kind="no-date", act_by=None, due=None), None, TODAY),
    Item(an_alert(kind="near", clock="asked/MIA", body="MIA", paragraph=None), 1, TODAY),
    Item(
        an_alert(kind="calendar-missing", clock="calendar/2027", paragraph=None, case_id="CALENDAR", reference=None),
        14,
        TODAY,
    ),
    Item(an_alert(act_by=day("06-14"), due=day("06-14")), 0, TODAY),
    Item(an_alert(level=1), 1, TODAY),
]


def test_english_says_what_stands_and_what_to_do() -> None:
    """Case, reference, paragraph, days, what is to be done, and how to take notice."""
    assert wording.text("en", EVERY[:1], "<m@jauap>", "OFFICER-7") == (
        "These terms need attention.\n"
        "\n"
        "KAZ-3-2026 (KAZ 3/2026) · 14-5(1)\n"
        "  1 working day left, act by 2026-06-11 (the term itself ends on 2026-06-12)\n"
        "  To do: forward the communication to the competent state bodies\n"
        "\n"
        "To take notice of all of these: jauap alerts acknowledge --by OFFICER-7 --message '<m@jauap>'\n"
        "\n"
        "This message was made by the register. It holds no names; the register has the rest.\n"
    )


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            ["act today", "the day to act by was 2026-06-09", "MISSED: the term ended on 2026-06-09",
             "moved from 2026-06-10 to 2026-06-11", "because of government-796-2022",
             "moved EARLIER, from 2026-06-15 to 2026-06-11",
             "moved EARLIER, to 2026-06-13; the day to act by stays 2026-06-11\n",
             "is now known: 2026-06-11", "is not on record any more; act by 2026-06-11 (",
             "any more\n", "only estimated",
             "no working day is left", "the calendar of a year is not loaded", "is not on record", "practice, MIA",
             "Nobody took notice"],
        ),
        (
            "kk",
            ["1 жұмыс күні қалды", "бүгін орындау керек", "МЕРЗІМ ӨТТІ: ол 09.06.2026 күні аяқталды",
             "ЕРТЕРЕК күнге ауыстырылды: 15.06.2026 орнына 11.06.2026", "ЕРТЕРЕК күнге ауыстырылды: 13.06.2026;",
             "құзыретті мемлекеттік органдарға",
             "хабарламаны", "ҚАЙТА АШЫЛДЫ: орындалғаны туралы жазба енді жоқ; орындаудың соңғы күні 11.06.2026 (",
             "болжамды күнге", "жұмыс күні қалмады",
             "күнтізбесі енгізілмеген", "Сыртқы істер министрлігі", "ешкім уақтылы"],
        ),
        (
            "ru",
            ["остался 1 рабочий день", "исполнить сегодня", "СРОК ПРОПУЩЕН: он истёк 09.06.2026",
             "НА БОЛЕЕ РАННИЙ: с 15.06.2026 на 11.06.2026", "НА БОЛЕЕ РАННИЙ: 13.06.2026;",
             "компетентные государственные органы", "сообщение",
             "предположительна", "СНОВА ОТКРЫТ: записи об исполнении больше нет; последний день 11.06.2026 (",
             "рабочих дней не осталось",
             "календарь года не загружен", "Министерством иностранных дел", "никто вовремя"],
        ),
    ],
)  # fmt: skip
def test_each_language_has_words_for_everything(language: Any, words: list[str]) -> None:
    """Every kind of alert is said, with the words of the decree; dates are written as people there write them."""
    said = wording.text(language, EVERY, "<m@jauap>", "OFFICER-7")
    assert [word for word in words if word not in said] == []
    assert "None" not in said
    assert "?" not in said


def test_kazakh_and_russian_do_not_slip_into_english() -> None:
    """But for codes, ids and the command line, a message is in its own letters."""
    for language in ("kk", "ru"):
        said = wording.text(language, EVERY, "<m@jauap>", "OFFICER-7")
        latin = set(re.findall(r"[A-Za-z]{3,}", re.sub(r"jauap alerts .*|government\S*", "", said)))
        assert latin == {"KAZ", "MIA", "CALENDAR"}


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ["the term ends on 2026-06-12, but", "act by 2026-06-11"]),
        ("kk", ["мерзім 12.06.2026 күні аяқталады", "соңғы күні 11.06.2026"]),
        ("ru", ["срок истекает 12.06.2026, но", "последний день 11.06.2026"]),
    ],
)
def test_a_term_that_rests_on_an_estimate_is_told_with_its_own_end(language: Any, words: list[str]) -> None:
    """The day to act by, where it is another one, stands beside it."""
    said = wording.standing(WORDS[language], Item(an_alert(kind="estimate", estimated=True), 1, TODAY))
    assert [word for word in words if word not in said] == []


@pytest.mark.parametrize("language", ["kk", "ru", "en"])
def test_clocks_of_one_paragraph_can_be_told_apart(language: Any) -> None:
    """By what is to be published, the response that was sent, the request, or its interim measures."""
    clocks = [
        "14-8(1)", "14-8(2)/communication", "14-8(2)/response/4", "14-9(1)/2", "14-9(1)/4", "14-11/1", "14-11/3",
        "14-11/1/interim-measures", "asked/MIA", "calendar/2027",
    ]  # fmt: skip
    said = [wording.which(WORDS[language], clock) for clock in clocks]
    assert [said[0], *said[-2:]] == [None, None, None]
    assert None not in said[1:-2]
    assert said[2] == said[4]  # the same response: of another paragraph
    assert len(set(said[1:-2])) == 6


def test_a_line_names_what_its_clock_is_of() -> None:
    """Beside the paragraph."""
    row = an_alert(clock="14-9(1)/2", paragraph="14-9(1)")
    assert "(KAZ 3/2026) · 14-9(1), the response publication:2\n" in wording.text(
        "en", [Item(row, 1, TODAY)], "<m@jauap>", "OFFICER-7"
    )


def test_every_clock_has_a_task_in_every_language() -> None:
    """The three know the same kinds of clocks, and every kind that the rule tables have."""
    assert {row.clock.partition("/")[0] for row in shipped_rules()} == WORDS["en"].tasks.keys() - {""}
    assert WORDS["kk"].tasks.keys() == WORDS["ru"].tasks.keys() == WORDS["en"].tasks.keys()
    assert "published" not in wording.task(WORDS["en"], "14-8(2)/response/5")
    assert wording.task(WORDS["en"], "14-8(2)/response/5") == wording.task(WORDS["en"], "14-8(2)/communication")
    said = wording.text("en", EVERY, "<m@jauap>", "OFFICER-7")
    assert "CALENDAR · practice, 2027\n  can't be counted" in said
    assert wording.task(WORDS["en"], "unheard-of/1") == "see the case in the register"


@pytest.mark.parametrize(
    ("number", "words"),
    [(1, "остался 1 рабочий день"), (2, "осталось 2 рабочих дня"), (5, "осталось 5 рабочих дней"),
     (11, "осталось 11 рабочих дней"), (12, "осталось 12 рабочих дней"), (21, "остался 21 рабочий день"),
     (22, "осталось 22 рабочих дня")],
)  # fmt: skip
def test_russian_counts_as_russian_does(number: int, words: str) -> None:
    """One, few, many."""
    assert words in wording.standing(WORDS["ru"], Item(an_alert(), number, TODAY))


def test_a_long_digest_counts_what_it_leaves_out() -> None:
    """The first import of hundreds of old letters is one message that can be read."""
    items = [Item(an_alert(case_id=f"KAZ-{at}-2011", kind="missed"), 0, TODAY) for at in range(300)]
    said = wording.text("en", items, "<m@jauap>", "OFFICER-7")
    assert said.count("MISSED") == LINES
    assert f"… and {300 - LINES} more." in said
    assert wording.subject("en", 300) == "jauap: 300 deadlines need attention"


@pytest.mark.parametrize(
    ("own", "escalated", "shown"), [(100, 1, (39, 1)), (100, 100, (20, 20)), (5, 100, (5, 35)), (3, 3, (3, 3))]
)
def test_own_alerts_do_not_hide_those_that_nobody_took_notice_of(
    own: int, escalated: int, shown: tuple[int, int]
) -> None:
    """Both have their lines, and what one sort does not need the other has."""
    rows = [an_alert(case_id=f"KAZ-{at}-2011", kind="missed") for at in range(own)]
    rows += [an_alert(case_id=f"KAZ-{at}-2012", kind="near", level=1) for at in range(escalated)]
    said = wording.text("en", [Item(row, 1, TODAY) for row in rows], "<m@jauap>", "HEAD-2")
    assert (said.count("MISSED"), said.count("act by")) == shown


def test_a_body_is_not_sent_to_the_command_line() -> None:
    """It answers the ministry."""
    asked = Item(an_alert(clock="asked/MIA", body="MIA", paragraph=None), 1, TODAY)
    said = wording.text("en", [asked], "<m@jauap>", None)
    assert "answer it there" in said
    assert "acknowledge" not in said


def test_a_body_that_leads_a_treaty_procedure_is_not_told_that_the_ministry_asked() -> None:
    """The treaty body did."""
    led = Item(an_alert(clock="14-11/1", body="MOJ", paragraph="14-11"), 1, TODAY)
    said = wording.text("en", [led], "<m@jauap>", None)
    assert "Ministry" not in said
    assert "acknowledge" not in said
