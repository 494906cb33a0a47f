"""A digest in the recipient's language, Kazakh, Russian or English, with the decree's words and nobody's name.

What stands in it: case ids, references, paragraphs, dates, working days left, and what is to be done. Never the
letter's subject, which may be sensitive, and never an official's name.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from jauap.domain.alerts import CALENDAR_CLOCK
from jauap.domain.directory import Tongue
from jauap.projections.alerts import AlertRow

ASKED = "asked/"
"""How the clocks begin of what the MFA asked of a body."""
LINES = 40
"""So many alerts stand in a message; the rest is counted."""


class Item(NamedTuple):
    """An alert in a digest."""

    row: AlertRow
    left: int | None
    """Working days from the day after today to the day to act by; None: they can't be counted."""
    today: date
    """The day in Kazakhstan on which it is told."""


class Words(NamedTuple):
    """What a language says."""

    subject: Callable[[int], str]
    opening: str
    escalated: str
    rest: Callable[[int], str]
    do: str
    practice: str
    near: Callable[[int | None, str], str]
    today: str
    past: Callable[[str], str]
    ends: Callable[[str], str]
    missed: Callable[[str], str]
    reopened: Callable[[str], str]
    """Given the day to act by, or nothing where there is none, or it is past."""
    moved: Callable[[str, str], str]
    earlier: Callable[[str, str], str]
    ends_earlier: Callable[[str, str], str]
    dated: Callable[[str], str]
    estimate: Callable[[str], str]
    calendar_missing: str
    no_date: str
    communication: str
    response: Callable[[str], str]
    """Given the response's record."""
    request: Callable[[str], str]
    measures: Callable[[str], str]
    """Of the interim measures: given the record of the treaty body's request."""
    because: Callable[[str], str]
    estimated: str
    notice: Callable[[str, str], str]
    of_body: str
    automatic: str
    day: Callable[[date], str]
    tasks: Mapping[str, str]
    """What is to be done, by kind of clock."""


def _iso(day: date) -> str:
    return day.isoformat()


def _dotted(day: date) -> str:
    return day.strftime("%d.%m.%Y")


def _russian_days(number: int) -> str:
    if number == 0:
        return "рабочих дней не осталось"
    if number % 10 == 1 and number % 100 != 11:  # noqa: PLR2004 - grammar
        return f"остался {number} рабочий день"
    few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)
    return f"осталось {number} рабочих дня" if few else f"осталось {number} рабочих дней"


def _english_days(number: int) -> str:
    if number == 0:
        return "no working day is left"
    return f"{number} working day{'' if number == 1 else 's'} left"


def _kazakh_days(number: int) -> str:
    return f"{number} жұмыс күні қалды" if number else "жұмыс күні қалмады"


ENGLISH = Words(
    subject=lambda number: f"jauap: {number} deadline{' needs' if number == 1 else 's need'} attention",
    opening="These terms need attention.",
    escalated="Nobody took notice of these in time, so you are told too.",
    rest=lambda number: f"… and {number} more.",
    do="To do",
    practice="practice",
    near=lambda left, day: f"{_english_days(left)}, act by {day}" if left is not None else f"act by {day}",
    today="act today: it is the last day",
    past=lambda day: f"the day to act by was {day}",
    ends=lambda day: f"the term itself ends on {day}",
    missed=lambda day: f"MISSED: the term ended on {day}",
    reopened=lambda day: (
        f"OPEN AGAIN: what was done for it is not on record any more{f'; act by {day}' if day else ''}"
    ),
    moved=lambda before, now: f"the day to act by moved from {before} to {now}",
    earlier=lambda before, now: f"the day to act by moved EARLIER, from {before} to {now}",
    ends_earlier=lambda due, now: f"the last day of the term moved EARLIER, to {due}; the day to act by stays {now}",
    dated=lambda now: f"the day to act by is now known: {now}",
    estimate=lambda day: f"the term ends on {day}, but that rests on a day whose date is only estimated",
    calendar_missing="can't be counted: the calendar of a year is not loaded",
    no_date="can't be told: the date that it runs from is not on record",
    communication="the communication",
    response=lambda record: f"the response {record}",
    request=lambda record: f"the request {record}",
    measures=lambda record: f"the interim measures of the request {record}",
    because=lambda why: f"because of {why}",
    estimated="rests on a day whose date is only estimated",
    notice=lambda code, message: (
        f"To take notice of all of these: jauap alerts acknowledge --by {code} --message '{message}'"
    ),
    of_body="The Ministry of Foreign Affairs asked for this; answer it there.",
    automatic="This message was made by the register. It holds no names; the register has the rest.",
    day=_iso,
    tasks={
        "14-5(1)": "forward the communication to the competent state bodies",
        "14-5(2)": "send the communication to the Commissioner for Human Rights (Ombudsman), for information",
        "14-8(1)": "send the response through diplomatic channels, signed by the first head",
        "14-8(2)": "publish it on the official internet resource",
        "14-9(1)": "send the report on the results of the work to the Presidential Administration",
        "14-9(2)": "send the report on the results of the work to the Commissioner for Human Rights (Ombudsman)",
        "14-11": "send the treaty body the reply, or the report, that it asked for",
        "asked": "supply the information that the Ministry of Foreign Affairs asked for",
        "calendar": "load the calendar of working days of the year",
        "": "see the case in the register",
    },
)
KAZAKH = Words(
    subject=lambda number: f"jauap: {number} мерзімге назар аудару қажет",
    opening="Мына мерзімдерге назар аудару қажет.",
    escalated="Бұлар туралы хабарды ешкім уақтылы растамады, сондықтан Сізге де жіберіліп отыр.",
    rest=lambda number: f"… және тағы {number}.",
    do="Не істеу керек",
    practice="тәжірибе бойынша",
    near=lambda left, day: (
        f"{_kazakh_days(left)}, соңғы күні {day}" if left is not None else f"орындаудың соңғы күні {day}"
    ),
    today="бүгін орындау керек: соңғы күн",
    past=lambda day: f"орындаудың соңғы күні {day} болды",
    ends=lambda day: f"мерзімнің өзі {day} күні аяқталады",
    missed=lambda day: f"МЕРЗІМ ӨТТІ: ол {day} күні аяқталды",
    reopened=lambda day: (
        f"МЕРЗІМ ҚАЙТА АШЫЛДЫ: орындалғаны туралы жазба енді жоқ{f'; орындаудың соңғы күні {day}' if day else ''}"
    ),
    moved=lambda before, now: f"орындаудың соңғы күні ауыстырылды: {before} орнына {now}",
    earlier=lambda before, now: f"орындаудың соңғы күні ЕРТЕРЕК күнге ауыстырылды: {before} орнына {now}",
    ends_earlier=lambda due, now: (
        f"мерзімнің соңғы күні ЕРТЕРЕК күнге ауыстырылды: {due}; орындаудың соңғы күні өзгермеді: {now}"
    ),
    dated=lambda now: f"орындаудың соңғы күні енді белгілі: {now}",
    estimate=lambda day: f"мерзім {day} күні аяқталады, бірақ ол нақты белгіленбеген, болжамды күнге байланысты",
    calendar_missing="мерзімді есептеу мүмкін емес: жылдың күнтізбесі енгізілмеген",
    no_date="мерзімді анықтау мүмкін емес: ол есептелетін күн тіркелмеген",
    communication="хабарлама",
    response=lambda record: f"жауап {record}",
    request=lambda record: f"сұрау салу {record}",
    measures=lambda record: f"сұрау салудағы уақытша шаралар {record}",
    because=lambda why: f"негізі: {why}",
    estimated="болжамды күнге байланысты",
    notice=lambda code, message: f"Бәрін растау үшін: jauap alerts acknowledge --by {code} --message '{message}'",
    of_body="Бұл ақпаратты Сыртқы істер министрлігі сұратқан; жауапты министрлікке жіберіңіз.",
    automatic="Бұл хабарды тіркелім жасады. Мұнда адамдардың есімдері жоқ; қалғаны тіркелімде.",
    day=_dotted,
    tasks={
        "14-5(1)": "хабарламаны құзыретті мемлекеттік органдарға жіберу",
        "14-5(2)": "хабарламаны Қазақстан Республикасындағы Адам құқықтары жөніндегі уәкілге мәлімет үшін жіберу",
        "14-8(1)": "бірінші басшы қол қойған жауапты дипломатиялық арналар арқылы жіберу",
        "14-8(2)": "ресми интернет-ресурста жариялау",
        "14-9(1)": "атқарылған жұмыстың қорытындысы туралы есепті Президент Әкімшілігіне жіберу",
        "14-9(2)": "атқарылған жұмыстың қорытындысы туралы есепті Қазақстан Республикасындағы Адам құқықтары жөніндегі"
        " уәкілге жіберу",
        "14-11": "шарттық органға ол сұраған жауапты немесе баяндаманы жіберу",
        "asked": "Сыртқы істер министрлігі сұратқан ақпаратты ұсыну",
        "calendar": "жылдың жұмыс күндері күнтізбесін енгізу",
        "": "істі тіркелімнен қарау",
    },
)
RUSSIAN = Words(
    subject=lambda number: f"jauap: требуют внимания сроки ({number})",
    opening="Эти сроки требуют внимания.",
    escalated="Получение этих уведомлений никто вовремя не подтвердил, поэтому они направлены и Вам.",
    rest=lambda number: f"… и ещё {number}.",
    do="Что сделать",
    practice="по практике",
    near=lambda left, day: (
        f"{_russian_days(left)}, последний день {day}" if left is not None else f"последний день {day}"
    ),
    today="исполнить сегодня: последний день",
    past=lambda day: f"последний день был {day}",
    ends=lambda day: f"сам срок истекает {day}",
    missed=lambda day: f"СРОК ПРОПУЩЕН: он истёк {day}",
    reopened=lambda day: f"СНОВА ОТКРЫТ: записи об исполнении больше нет{f'; последний день {day}' if day else ''}",
    moved=lambda before, now: f"последний день для исполнения перенесён с {before} на {now}",
    earlier=lambda before, now: f"последний день для исполнения перенесён НА БОЛЕЕ РАННИЙ: с {before} на {now}",
    ends_earlier=lambda due, now: (
        f"последний день срока перенесён НА БОЛЕЕ РАННИЙ: {due}; последний день для исполнения прежний: {now}"
    ),
    dated=lambda now: f"последний день для исполнения теперь известен: {now}",
    estimate=lambda day: f"срок истекает {day}, но зависит от дня, дата которого пока предположительна",
    calendar_missing="срок нельзя исчислить: календарь года не загружен",
    no_date="срок нельзя определить: не внесена дата, от которой он исчисляется",
    communication="сообщение",
    response=lambda record: f"ответ {record}",
    request=lambda record: f"запрос {record}",
    measures=lambda record: f"временные меры по запросу {record}",
    because=lambda why: f"основание: {why}",
    estimated="зависит от дня, дата которого пока предположительна",
    notice=lambda code, message: f"Подтвердить всё сразу: jauap alerts acknowledge --by {code} --message '{message}'",
    of_body="Эту информацию запросило Министерство иностранных дел; ответ направьте в министерство.",
    automatic="Это сообщение составлено реестром. Имён в нём нет; остальное в реестре.",
    day=_dotted,
    tasks={
        "14-5(1)": "направить сообщение в компетентные государственные органы",
        "14-5(2)": "направить сообщение Уполномоченному по правам человека в Республике Казахстан для сведения",
        "14-8(1)": "направить по дипломатическим каналам ответ за подписью первого руководителя",
        "14-8(2)": "опубликовать на официальном интернет-ресурсе",
        "14-9(1)": "направить отчёт об итогах проделанной работы в Администрацию Президента",
        "14-9(2)": "направить отчёт об итогах проделанной работы Уполномоченному по правам человека в Республике"
        " Казахстан",
        "14-11": "направить договорному органу запрошенный им ответ или доклад",
        "asked": "представить информацию, запрошенную Министерством иностранных дел",
        "calendar": "загрузить календарь рабочих дней года",
        "": "посмотреть дело в реестре",
    },
)
WORDS: Mapping[Tongue, Words] = {"kk": KAZAKH, "ru": RUSSIAN, "en": ENGLISH}


def subject(language: Tongue, number: int) -> str:
    """The subject line of a digest of so many alerts."""
    return WORDS[language].subject(number)


def text(language: Tongue, items: Sequence[Item], message: str, official: str | None) -> str:
    """The digest's text; `official` is the recipient's code where it is one who can take notice, None for a body."""
    words = WORDS[language]
    told = [item for item in items if item.row.level == 0]
    escalated = [item for item in items if item.row.level > 0]
    room = LINES - min(len(escalated), LINES // 2)  # neither sort hides the other
    parts: list[str] = []
    for heading, group, most in (
        (words.opening, told, room),
        (words.escalated, escalated, LINES - min(len(told), room)),
    ):
        if group:
            shown = group[:most]
            parts.append("\n\n".join([heading, *(_lines(words, item) for item in shown)]))
            if len(shown) < len(group):
                parts.append(words.rest(len(group) - len(shown)))
    if official:
        parts.append(words.notice(official, message))
    elif all(item.row.clock.startswith(ASKED) for item in items):
        parts.append(words.of_body)
    return "\n\n".join([*parts, words.automatic]) + "\n"


def _lines(words: Words, item: Item) -> str:
    row = item.row
    case = f"{row.case_id} ({row.reference})" if row.reference else row.case_id
    year = row.clock.removeprefix(CALENDAR_CLOCK) if row.clock.startswith(CALENDAR_CLOCK) else None
    about = [row.paragraph or words.practice, *filter(None, (which(words, row.clock), row.body, year))]
    return f"{case} · {', '.join(about)}\n  {standing(words, item)}\n  {words.do}: {task(words, row.clock)}"


def which(words: Words, clock: str) -> str | None:
    """What tells a clock from others of its paragraph in the same case; None: there is one, or its body does."""
    kind, _, about = clock.partition("/")
    if kind == "14-11":
        request, _, measures = about.partition("/")
        return (words.measures if measures else words.request)(f"intake:{request}")
    if about == "communication":
        return words.communication
    response = about.removeprefix("response/")
    return words.response(f"publication:{response}") if kind.startswith("14-") and response.isdigit() else None


def task(words: Words, clock: str) -> str:
    """What a clock waits for."""
    return words.tasks.get(clock.partition("/")[0], words.tasks[""])


def standing(words: Words, item: Item) -> str:
    """How an alert's clock stands: one sentence, with what makes its day uncertain or moved it."""
    row, also = item.row, []
    dated = row.kind in ("near", "reopened", "moved", "moved-earlier")
    if row.kind == "estimate" and row.act_by is not None and row.act_by != row.due:
        also.append(words.near(item.left, words.day(row.act_by)))
    if dated and row.due is not None and row.act_by not in (row.due, row.previous):
        also.append(words.ends(words.day(row.due)))
    if row.kind in ("moved", "moved-earlier") and row.because:
        also.append(words.because(", ".join(row.because)))
    if row.estimated and row.kind != "estimate":
        also.append(words.estimated)
    return f"{_said(words, item)} ({'; '.join(also)})" if also else _said(words, item)


def _said(words: Words, item: Item) -> str:
    row, left = item.row, item.left
    now = words.day(row.act_by) if row.act_by else ""
    match row.kind:
        case "near" if row.act_by is not None and row.act_by < item.today:
            return words.past(now)
        case "near":
            return words.today if row.act_by == item.today else words.near(left, now)
        case "missed":
            return words.missed(words.day(row.due) if row.due else "?")
        case "reopened":
            return words.reopened(now if row.act_by is not None and row.act_by >= item.today else "")
        case "moved" | "moved-earlier":
            return _moved(words, row, now)
        case "estimate":
            return words.estimate(words.day(row.due) if row.due else now)
        case "calendar-missing":
            return words.calendar_missing
        case "no-date":
            return words.no_date


def _moved(words: Words, row: AlertRow, now: str) -> str:
    """To which day it moved: since the day that people knew, or for the first time."""
    if row.previous is None:
        return words.dated(now)
    if row.kind == "moved":
        return words.moved(words.day(row.previous), now)
    if row.previous == row.act_by and row.due is not None:
        return words.ends_earlier(words.day(row.due), now)
    return words.earlier(words.day(row.previous), now)
