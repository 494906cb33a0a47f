"""Random commands that look like an office's work: most can be true, some are refused, all follow from one seed."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from jauap.domain.commands import SERVICE_OF

BODIES = ("MIA", "MOJ", "MOH", "GPO")
OFFICERS = ("OFFICER-1", "OFFICER-2", "OFFICER-3")
LANGUAGES = ("en", "en", "fr", None)
DAYS_BACK = 70
"""Letters came in at most so many days ago, so that terms are over, near and open."""
ENTRIES = 80
"""Withdrawals and reports guess among so many entries."""

Content = dict[str, object]


class Command(NamedTuple):
    """What a client asks for."""

    name: str
    case_id: str
    content: Content

    @property
    def service(self) -> str:
        """Who decides it."""
        return SERVICE_OF[self.name]


class Story:
    """What one client does: `letter` for the cases that it opens, `next` for everything else."""

    def __init__(self, random: Random, cases: int, today: date) -> None:
        """`today` is the day of the campaign in Kazakhstan."""
        self._random, self.cases, self.today = random, cases, today

    def letter(self, number: int) -> Command:
        """The receipt of the letter that opens a case."""
        random = self._random
        received = self.today - timedelta(days=random.randrange(5, DAYS_BACK))
        written = received - timedelta(days=random.randrange(5))
        term: Content = random.choice(
            [
                {},
                {"reply_due": received + timedelta(days=random.randrange(90))},
                {"reply_within_days": random.choice((30, 60))},
            ]
        )
        content: Content = {
            "communication_type": random.choice(("UA", "AL", "OL")),
            "state": "KAZ",
            "language": random.choice(LANGUAGES),
            "letter_date": written,
            "received_on": received,
            "receipt_assumed": random.random() < 0.05,
            **identity(number),
            **term,
        }
        return Command("ReceiveCommunication", case_id(number), content)

    def next(self, case: str | None = None) -> Command:
        """Any command, on any case unless one is given."""
        chosen = case_id(self._random.randrange(self.cases)) if case is None else case
        kind = self._random.choices(list(KINDS), [weight for weight, _ in KINDS.values()])[0]
        if kind == "ReceiveCommunication":  # the same letter again: refused, unless it was withdrawn
            return self.letter(number_of(chosen))
        return Command(kind, chosen, KINDS[kind][1](self))

    def any_case(self) -> str:
        """One of the cases."""
        return self.any_case_of(self._random)

    def any_case_of(self, random: Random) -> str:
        """One of the cases, by another's chance."""
        return case_id(random.randrange(self.cases))

    # --- pieces ---

    def day(self) -> date:
        """A day since the letters came in; now and then one that has not come yet."""
        ahead = 3 if self._random.random() < 0.03 else 0
        return self.today + timedelta(days=ahead) - timedelta(days=self._random.randrange(DAYS_BACK // 3))

    def _maybe(self, value: object, chance: float = 0.5) -> object | None:
        return value if self._random.random() < chance else None

    def _note(self) -> object | None:
        return self._maybe(f"03-12/{self._random.randrange(400)}", 0.3)

    def _words(self, kind: str) -> str:
        return f"{kind} {self._random.randrange(10**9)}"

    def _entry(self) -> int:
        return self._random.randrange(1, ENTRIES)

    def _body(self) -> str:
        return "NOSUCH" if self._random.random() < 0.03 else self._random.choice(BODIES)

    # --- commands ---

    def correct(self) -> Content:
        """Something of the letter's entry, most often its subject."""
        choice = self._random.randrange(8)
        reason = self._words("correction")
        if choice == 0:
            return {"received_on": self.today - timedelta(days=self._random.randrange(DAYS_BACK)), "reason": reason}
        if choice == 1:
            return {"reply_due": self.day() + timedelta(days=30), "cleared": ["reply_within_days"], "reason": reason}
        if choice == 2:
            return {"cleared": ["reply_due"], "reason": reason}
        return {"subject": self._words("subject"), "reason": reason}

    def extend(self) -> Content:
        """The UN's agreement to a later date."""
        granted = self.day()
        return {"granted_on": granted, "reply_due": granted + timedelta(days=self._random.randrange(60))}

    def inform(self) -> Content:
        """A body's information."""
        capacity = self._random.choice(("first-head", "acting-first-head", "other"))
        signatory = {"name": "A. Official", "position": "Minister", "capacity": capacity, "order": None}
        answers = [str(number) for number in range(1, self._random.randrange(1, 4))]
        return {"body": self._body(), "submitted_on": self.day(), "signatory": signatory, "answers": answers}

    def decline(self) -> Content:
        """A body says that the matter is not its own."""
        return {"body": self._body(), "declined_on": self.day(), "number": self._note()}

    def published_by_ohchr(self) -> Content:
        """OHCHR published the letter or a response."""
        what = self._random.choice(("communication", "response"))
        response = self._maybe(self._entry(), 0.3) if what == "response" else None
        return {"what": what, "response": response, "published_on": self.day()}

    def merge(self) -> Content:
        """The case is a duplicate of another."""
        return {"into": self.any_case(), "reason": self._words("merger")}

    def withdraw(self) -> Content:
        """Some entry was wrong."""
        return {"entry": self._entry(), "reason": self._words("withdrawal")}

    def forward(self) -> Content:
        """To one or more bodies, with questions and often a date."""
        on = self.day()
        bodies = self._random.sample(BODIES, self._random.randrange(1, 4))
        due = self._maybe(on + timedelta(days=self._random.randrange(20)), 0.7)
        asked = [{"body": body, "questions": ["1", "2", "3"], "due": due} for body in bodies]
        return {"bodies": asked, "forwarded_on": on, "note_number": self._note()}

    def ombudsman(self) -> Content:
        """Sent to the Ombudsman."""
        return {"informed_on": self.day(), "note_number": self._note()}

    def give_back(self) -> Content:
        """Incomplete information goes back."""
        on = self.day()
        due = self._maybe(on + timedelta(days=10))
        return {
            "body": self._random.choice(BODIES),
            "info": self._entry(),
            "returned_on": on,
            "reason": self._words("incomplete"),
            "due": due,
        }

    def meet(self) -> Content:
        """A meeting on the draft."""
        level = self._random.choice(("deputy-head", "head-of-structural-unit", "below"))
        body = self._body()
        there = {"body": body, "name": "B. Official", "position": "Head", "level": level}
        return {"held_on": self.day(), "interested": [body], "participants": [there]}

    def draft(self) -> Content:
        """A draft that rests on some information."""
        rests = [self._entry()] if self._random.random() < 0.3 else []
        return {"drafted_on": self.day(), "rests_on": rests, "language": self._random.choice(LANGUAGES)}

    def send(self) -> Content:
        """An acknowledgement, an interim or the full response."""
        signatory = {"name": "C. Official", "position": "Minister", "capacity": "first-head", "order": None}
        kind = self._random.choice(("acknowledgement", "interim", "full"))
        channel = self._random.choice(("diplomatic", "other"))
        return {
            "kind": kind,
            "sent_on": self.day(),
            "signatory": signatory,
            "language": self._random.choice(LANGUAGES),
            "channel": channel,
            "note_number": self._note(),
        }

    def report(self) -> Content:
        """The report on a response."""
        return {
            "recipient": self._random.choice(("administration", "ombudsman")),
            "response": self._maybe(self._entry()),
            "filed_on": self.day(),
        }

    def assign(self) -> Content:
        """A case is given to somebody."""
        return {"officer": self._random.choice(OFFICERS), "assigned_on": self.day()}

    def tell(self) -> Content:
        """Somebody was told of an alert."""
        return {
            "alert": self._alert(),
            "level": self._random.randrange(2),
            "recipient": self._random.choice(OFFICERS),
            "channel": "email",
            "message": f"<{self._random.randrange(10**9)}@jauap>",
            "delivered_on": self.today,
        }

    def take_notice(self) -> Content:
        """Somebody took notice of one."""
        return {"alert": self._alert(), "by": self._random.choice(OFFICERS), "acknowledged_on": self.today}

    def _alert(self) -> int:
        """Most cases have their alerts among their first steps."""
        return self._random.randrange(1, 30)

    def publish(self) -> Content:
        """On the MFA's site."""
        what = self._random.choice(("communication", "response"))
        response = self._maybe(self._entry(), 0.3) if what == "response" else None
        address = f"https://www.gov.kz/{self._random.randrange(50)}"
        return {"what": what, "response": response, "published_on": self.day(), "address": address}


KINDS: Mapping[str, tuple[float, Callable[..., Content]]] = {
    "ReceiveCommunication": (2, dict),
    "CorrectCommunication": (16, Story.correct),
    "GrantReplyExtension": (3, Story.extend),
    "SubmitAgencyInfo": (8, Story.inform),
    "DeclineAgencyInfo": (4, Story.decline),
    "RecordOHCHRPublication": (4, Story.published_by_ohchr),
    "MergeCase": (0.1, Story.merge),
    "WithdrawIntakeEntry": (3, Story.withdraw),
    "ForwardCommunication": (10, Story.forward),
    "InformOmbudsman": (6, Story.ombudsman),
    "ReturnAgencyInfo": (4, Story.give_back),
    "RecordMeeting": (6, Story.meet),
    "AssignCase": (2, Story.assign),
    "WithdrawRoutingEntry": (3, Story.withdraw),
    "RecordAlertDelivery": (5, Story.tell),
    "AcknowledgeAlert": (4, Story.take_notice),
    "DraftResponse": (6, Story.draft),
    "SendResponse": (8, Story.send),
    "FileReport": (7, Story.report),
    "PublishOnSite": (7, Story.publish),
    "WithdrawPublicationEntry": (3, Story.withdraw),
}
"""How often each command comes, and what it says."""


def identity(number: int) -> Content:
    """What identifies a case's letter: a UN reference, or for every fifth the MFA's number."""
    if number % 5 == 4:
        return {"registry_number": f"03-12/{1000 + number}"}
    return {"reference": f"KAZ {number + 1}/2026"}


def case_id(number: int) -> str:
    """The id that follows from it."""
    return f"MFA-03-12-{1000 + number}" if number % 5 == 4 else f"KAZ-{number + 1}-2026"


def number_of(case: str) -> int:
    """The case with an id."""
    parts = case.split("-")
    return int(parts[-1]) - 1000 if parts[0] == "MFA" else int(parts[1]) - 1
