"""A whole case, from receipt to publication, as the four services would have recorded it."""

from datetime import date

from jauap.domain.events import (
    CommandRefused,
    DeadlineMet,
    DeadlineMissed,
    DeadlineReopened,
    DeadlineStarted,
    Event,
    FindingCured,
    FindingRaised,
)
from jauap.domain.facts import ForwardedTo
from jauap.messaging.avro import Codec
from jauap.messaging.envelope import Message
from jauap.messaging.folding import SERVICE_OF
from jauap.projections.partition import Partition, Position
from tests.builders import (
    a_communication,
    a_decline,
    a_document,
    a_draft,
    a_forwarding,
    a_meeting,
    a_notice,
    a_report,
    a_response,
    a_return,
    a_site_publication,
    a_withdrawal,
    an_assignment,
    an_extension,
    an_ohchr_publication,
    by,
    day,
    some_info,
)

REFUSAL = CommandRefused(
    command="SendResponse", code="LeftOpen", message="Fill it in.", field="signatory", paragraph="14-8(1)"
)


def started(clock: str, basis: str, due: date | None = None, body: str | None = None) -> DeadlineStarted:
    """A clock of 3 June; of a body: a request of the MFA."""
    return DeadlineStarted(
        clock=clock,
        paragraph=None if body else clock.partition("/")[0],
        body=body,
        rule="r/2022",
        policy="day-after/1",
        starts_on=day("06-03"),
        due=due or day("06-10"),
        safe=None if body else day("06-09"),
        basis=basis,
    )


def met(clock: str, met_by: str, *, late: bool = False) -> DeadlineMet:
    """A clock that a fact of 5 June met."""
    return DeadlineMet(clock=clock, met_on=day("06-05"), late=late, met_by=met_by, basis="intake:1")


def finding(code: str = "leaves-out", body: str | None = "GPO") -> FindingRaised:
    """A finding on the full response."""
    return FindingRaised(
        finding=f"{code}/publication:2",
        code=code,
        paragraph="14-6",
        expected="rests on information of each body asked",
        found="rests on none of GPO",
        body=body,
        basis="publication:2",
    )


def whole_case() -> list[Event | tuple[str, Event]]:
    """All the way from receipt to publication, with a return, a withdrawn entry, and a refusal."""
    documents = (a_document(),)
    return [
        a_communication(mandates=("torture", "assembly"), subject="Detention", reply_due=day("08-01")),
        started("14-5(1)", "intake:1"),
        started("14-5(2)", "intake:1"),
        started("14-8(1)", "intake:1", day("08-01")),
        an_extension(reply_due=day("09-01")),
        a_forwarding(
            ForwardedTo(body="MIA", questions=("1", "2"), due=day("06-15")),
            ForwardedTo(body="GPO", questions=("3",), due=day("06-15")),
            ForwardedTo(body="MOJ"),
            documents=documents,
        ),
        met("14-5(1)", "routing:1"),
        started("asked/MIA", "routing:1", day("06-15"), "MIA"),
        started("asked/GPO", "routing:1", day("06-15"), "GPO"),
        a_notice(),
        an_assignment(),
        met("14-5(2)", "routing:2", late=True),
        some_info("MIA", answers=("1", "2")),
        met("asked/MIA", "intake:3"),
        a_return(3, "MIA", missing=("2",), due=day("06-20")),
        DeadlineReopened(clock="asked/MIA", basis="routing:4"),
        some_info("MIA", answers=("2",), number="77", submitted_on=day("06-17")),
        met("asked/MIA", "intake:4"),
        a_decline("MOJ", competent_body="GPO"),
        DeadlineMissed(clock="asked/GPO", due=day("06-15"), basis="routing:1"),
        a_meeting(),
        a_draft(4),
        a_response(kind="interim"),
        by("publication", a_withdrawal(2)),
        by("publication", REFUSAL),
        a_response(documents=documents),
        met("14-8(1)", "publication:5"),
        finding("language"),
        finding("leaves-out"),
        FindingCured(finding="language/publication:2"),
        a_report("administration", response=5),
        a_report("ombudsman", response=5),
        an_ohchr_publication(),
        a_site_publication(),
        a_site_publication("response", response=5),
    ]


def folded(messages: list[Message], partitions: int = 1, number: int = 0) -> Partition:
    """Take messages into an empty partition."""
    partition = Partition(number, 1, dict.fromkeys(SERVICE_OF, Position()), Codec({}), partitions)
    for message in messages:
        partition.take(message)
    return partition
