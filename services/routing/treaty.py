"""What goes between bodies about treaty bodies' procedures (14-11): who leads, who transmits, who takes part."""

from jauap.domain import checks, procedures
from jauap.domain.case import Case
from jauap.domain.checks import Context
from jauap.domain.commands import AssignTreatyProcedure
from jauap.domain.events import TreatyProcedureAssigned


def assign_procedure(case: Case, command: AssignTreatyProcedure, context: Context) -> TreatyProcedureAssigned:
    """14-11 names no lead: which body leads, and which transmits, is a fact of each procedure, and may change."""
    checks.treaty_procedure(case)
    taking_part = [(f"taking_part[{at}]", body) for at, body in enumerate(command.taking_part)]
    checks.each_body_once(context, [("lead", command.lead), *taking_part])
    if command.transmitter is not None:
        checks.known_body(context, "transmitter", command.transmitter)
    first = min(procedures.starts_on(request) for _, request in procedures.requests(case))
    checks.happened(context, "assigned_on", command.assigned_on, first)
    checks.stored(context, command.documents)
    return checks.once(case.routing, checks.fact(TreatyProcedureAssigned, command))
