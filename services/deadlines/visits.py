"""What on record of a visit falls short of 14-10: one function for each rule. Pure.

14-10 speaks of the invitation that the MFA sends, so an invitation is what is judged, with what had happened by its own
day. That none was sent is no breach, and OHCHR's stages are practice: neither is a finding.
"""

from collections.abc import Callable, Iterator

from jauap.domain.case import Case
from jauap.domain.events import VisitInvitationSent, VisitProposed
from jauap.domain.visits import MFA, OMBUDSMAN, basis_of, decision, must_agree
from services.deadlines.breaches import Breach
from services.deadlines.grounds import Met

PARAGRAPH = "14-10"


def invitation_has_a_basis(case: Case) -> Iterator[Breach]:
    """14-10: an invitation rests on one of the three bases, so one was proposed by the day on which it was sent."""
    for at, sent in invitations(case):
        if basis_of(case, sent) is None:
            proposals = case.intake.of(VisitProposed)
            later = min(
                (
                    Met(made.proposed_on, f"intake:{sequence}")
                    for sequence, made in proposals
                    if made.proposed_on > sent.sent_on
                ),
                default=None,
            )
            expected = f"a proposal or an initiative by {sent.sent_on}"
            yield of_invitation(at, sent, expected, "none on record that stood on that day", cured=later)


def proposer_is_competent(case: Case) -> Iterator[Breach]:
    """14-10: a body competent in the subject proposes, or the MFA on its own initiative, or the Ombudsman.

    Competent are the bodies that the proposal names so; where none is named, it is not known.
    """
    for at, sent in invitations(case):
        basis = basis_of(case, sent)
        if basis is not None:
            expected, competent = proposers(basis[1])
            if competent and basis[1].proposed_by not in competent:
                yield of_invitation(at, sent, expected, f"proposed by {basis[1].proposed_by}")


def proposers(proposal: VisitProposed) -> tuple[str, tuple[str, ...]]:
    """Give who may propose on the basis of a proposal, in words and as codes of bodies."""
    match proposal.basis:
        case "competent-body":
            return "proposed by a body competent in the subject of the visit", proposal.competent_bodies
        case "mfa-initiative":
            return "the initiative of the MFA", (MFA,)
        case _:
            return "proposed by the Ombudsman", (OMBUDSMAN,)


def agreements_are_there(case: Case) -> Iterator[Breach]:
    """14-10: each agreement that the basis needs was given by the day of the invitation; the last word counts."""
    for at, sent in invitations(case):
        basis = basis_of(case, sent)
        if basis is not None:
            yield from agreements_missing(case, (at, sent), basis)


def agreements_missing(
    case: Case, invitation: tuple[int, VisitInvitationSent], basis: tuple[int, VisitProposed]
) -> Iterator[Breach]:
    """Give each agreement that an invitation lacks; one that was given later cures it, and it stays on record."""
    (at, sent), (made, proposal) = invitation, basis
    for body in must_agree(proposal):
        word = decision(case, made, body, until=sent.sent_on)
        if word is None or not word.agreed:
            last = decision(case, made, body)
            yield of_invitation(
                at,
                sent,
                f"agreed with {body} by {sent.sent_on}",
                "no agreement by that day on record" if word is None else f"refused by {body} on {word.on}",
                body=body,
                cured=Met(last.on, f"routing:{last.sequence}") if last is not None and last.agreed else None,
            )


def invitation_goes_through_diplomatic_channels(case: Case) -> Iterator[Breach]:
    """14-10: the invitation is sent through diplomatic channels."""
    for at, sent in invitations(case):
        if sent.channel == "other":
            yield of_invitation(at, sent, "sent through diplomatic channels", "sent through another channel")


def invitation_is_in_the_name_of_kazakhstan(case: Case) -> Iterator[Breach]:
    """14-10: the invitation is sent in the name of Kazakhstan."""
    for at, sent in invitations(case):
        if not sent.in_the_name_of_kazakhstan:
            yield of_invitation(at, sent, "sent in the name of Kazakhstan", "sent in another name")


def invitations(case: Case) -> list[tuple[int, VisitInvitationSent]]:
    """Invitations on record, with their sequences."""
    return case.publication.of(VisitInvitationSent)


def of_invitation(
    at: int,
    sent: VisitInvitationSent,
    expected: str,
    found: str,
    *,
    body: str | None = None,
    cured: Met | None = None,
) -> Breach:
    """Give a breach that an invitation is."""
    record = f"publication:{at}"
    return Breach(
        about=record if body is None else f"{record}/{body}",
        paragraph=PARAGRAPH,
        on=sent.sent_on,
        basis=record,
        expected=expected,
        found=found,
        body=body,
        cured=cured,
    )


RULES: tuple[tuple[str, Callable[[Case], Iterator[Breach]]], ...] = (
    ("no-basis", invitation_has_a_basis),
    ("proposer", proposer_is_competent),
    ("no-agreement", agreements_are_there),
    ("channel", invitation_goes_through_diplomatic_channels),
    ("other-name", invitation_is_in_the_name_of_kazakhstan),
)
"""Each rule with the code of its findings, in the order in which they are raised."""
