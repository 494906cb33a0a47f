"""What decisions, findings and tables ask of a visit (14-10): its proposals, who must agree, and how each stands.

Between the services' topics only the facts' own days decide, never the order in which they were recorded.
"""

from datetime import date
from typing import NamedTuple, get_args

from jauap.domain.case import Case
from jauap.domain.events import (
    VisitAgreed,
    VisitAgreementRefused,
    VisitInvitationSent,
    VisitProposalEnded,
    VisitProposed,
    VisitStageReached,
)
from jauap.domain.facts import Value, VisitStageName

MFA = "MFA"
OMBUDSMAN = "OMBUDSMAN"

STAGES: tuple[str, ...] = get_args(VisitStageName)
"""OHCHR's words in the order in which stages of one day are taken to follow each other (practice)."""
ASKED = frozenset({"requested", "reminder"})
BEFORE_INVITATION = frozenset({"requested", "reminder", "acknowledged"})
ENDS = frozenset({"refused", "ended", "declined", "completed", "report-published"})
"""States in which a proposal has come to its end; another may still follow."""


class Stage(NamedTuple):
    """A stage reached, by its day and its place in `STAGES`; the later one sorts last."""

    on: date
    place: int

    @property
    def name(self) -> str:
        """OHCHR's word for it."""
        return STAGES[self.place]


class Decision(Value, frozen=True, kw_only=True):
    """A body's last word on a proposal."""

    on: date
    sequence: int
    """In routing's chain."""
    agreed: bool


class Standing(Value, frozen=True, kw_only=True):
    """How a proposal stands."""

    state: str
    """See `standing`."""
    since: date
    waiting_for: tuple[str, ...] = ()
    """Bodies whose agreement the basis needs, and who have not agreed."""
    refused_by: tuple[str, ...] = ()
    invited_on: date | None = None


def on_record(case: Case) -> bool:
    """Whether a fact that opens a visit is on record: a proposal, a stage, or an invitation."""
    return bool(
        case.intake.of(VisitProposed) or case.intake.of(VisitStageReached) or case.publication.of(VisitInvitationSent)
    )


def must_agree(proposal: VisitProposed) -> tuple[str, ...]:
    """The bodies whose agreement the basis of a proposal needs (14-10).

    A competent body's proposal needs the MFA's, the MFA's own initiative that of each competent body named, the
    Ombudsman's proposal nobody's.
    """
    match proposal.basis:
        case "competent-body":
            return (MFA,)
        case "mfa-initiative":
            return tuple(body for body in dict.fromkeys(proposal.competent_bodies) if body != MFA)
        case _:
            return ()


def has_what_it_needs(case: Case, at: int, proposal: VisitProposed) -> bool:
    """Whether each agreement that the basis needs is on record; an initiative that nobody else agreed to has not."""
    needed = must_agree(proposal)
    if proposal.basis == "mfa-initiative" and not needed:
        return False
    return all((word := decision(case, at, body)) is not None and word.agreed for body in needed)


def decision(case: Case, at: int, body: str, until: date | None = None) -> Decision | None:
    """A body's last word on the proposal at a sequence, by a day if one is given; of one day, the last in the log."""
    words = [
        *(
            Decision(on=agreed.agreed_on, sequence=sequence, agreed=True)
            for sequence, agreed in case.routing.of(VisitAgreed)
            if agreed.proposal == at and agreed.body == body
        ),
        *(
            Decision(on=refused.refused_on, sequence=sequence, agreed=False)
            for sequence, refused in case.routing.of(VisitAgreementRefused)
            if refused.proposal == at and refused.body == body
        ),
    ]
    by_then = [word for word in words if until is None or word.on <= until]
    return max(by_then, key=lambda word: (word.on, word.sequence), default=None)


def basis_of(case: Case, invitation: VisitInvitationSent) -> tuple[int, VisitProposed] | None:
    """The proposal that an invitation rests on: the one it names, else the first, if it stood on that day (14-10).

    One that had been taken back by then does not stand.
    """
    day = invitation.sent_on
    ended = {end.proposal for _, end in case.intake.of(VisitProposalEnded) if end.ended_on <= day}
    proposals = [(at, p) for at, p in case.intake.of(VisitProposed) if p.proposed_on <= day and at not in ended]
    named = next(((at, proposal) for at, proposal in proposals if at == invitation.proposal), None)
    return named or min(proposals, key=lambda made: (made[1].proposed_on, made[0]), default=None)


def stages(case: Case) -> list[Stage]:
    """Every stage on record in OHCHR's words, the latest last.

    An invitation after a request counts as acceptance, whether the MFA recorded it as sent or OHCHR says so; an
    acknowledgement of the request does not (practice).
    """
    reached = [(stage.reached_on, stage.stage) for _, stage in case.intake.of(VisitStageReached)]
    invited = [(sent.sent_on, "invited") for _, sent in case.publication.of(VisitInvitationSent)]
    asked = min((on for on, name in reached if name in ASKED), default=None)
    return sorted(
        Stage(on, STAGES.index("accepted" if name == "invited" and asked is not None and asked <= on else name))
        for on, name in [*reached, *invited]
    )


def standing(case: Case, at: int, proposal: VisitProposed) -> Standing:
    """How the proposal at a sequence stands, to its end.

    proposed (an agreement is awaited); to-invite (it has what its basis needs); refused (by a body that must agree);
    ended (taken back or laid aside); after an invitation that rests on it: invited, or the latest stage in OHCHR's
    words, see `STAGES`.
    """
    sent = [i.sent_on for _, i in case.publication.of(VisitInvitationSent) if basis_of(case, i) == (at, proposal)]
    words = {body: decision(case, at, body) for body in must_agree(proposal)}
    waiting = tuple(body for body, word in words.items() if word is None or not word.agreed)
    refusals = {body: word.on for body, word in words.items() if word is not None and not word.agreed}
    ends = [end.ended_on for _, end in case.intake.of(VisitProposalEnded) if end.proposal == at]
    if sent:
        last = [stage for stage in stages(case) if stage.on >= min(sent) and stage.name not in BEFORE_INVITATION][-1]
        state, since = last.name, last.on
    elif ends:
        state, since = "ended", max(ends)
    elif refusals:
        state, since = "refused", max(refusals.values())
    elif has_what_it_needs(case, at, proposal):
        state, since = "to-invite", max([proposal.proposed_on, *(word.on for word in words.values() if word)])
    else:
        state, since = "proposed", proposal.proposed_on
    return Standing(
        state=state,
        since=since,
        waiting_for=waiting,
        refused_by=tuple(refusals),
        invited_on=min(sent, default=None),
    )


def standings(case: Case) -> list[tuple[int, VisitProposed, Standing]]:
    """Every proposal on record with its sequence and how it stands."""
    return [(at, proposal, standing(case, at, proposal)) for at, proposal in case.intake.of(VisitProposed)]


def status(case: Case) -> str:
    """How a visit stands: the open proposal that is furthest, else what came last.

    A proposal after the last invitation or stage is a new attempt, and its state is the visit's.
    """
    beyond = [stage for stage in stages(case) if stage.name not in BEFORE_INVITATION]
    last = beyond[-1] if beyond else None
    attempts = [
        standing
        for _, proposal, standing in standings(case)
        if standing.invited_on is None and (last is None or proposal.proposed_on > last.on)
    ]
    for state in ("to-invite", "proposed"):
        if any(standing.state == state for standing in attempts):
            return state
    if last is not None:
        return last.name
    if attempts:
        return max(attempts, key=lambda standing: (standing.since, standing.state)).state
    before = stages(case)
    return before[-1].name if before else "withdrawn"
