"""`jauap verify`: the auditor's reading of the whole log."""

import typer

from jauap.cli import addresses
from jauap.cli.addresses import DATA_DIR, AsJson, DataDir
from jauap.cli.printing import failed, say, say_json, say_table
from jauap.cli.sending import REMEDY
from jauap.messaging import verifier
from jauap.messaging.log import LogUnavailable


def verify(as_json: AsJson = False, data_dir: DataDir = DATA_DIR) -> None:  # noqa: FBT002
    """Read every record of the log and check each case's chain: nothing changed, nothing taken out of its middle.

    It trusts no database and no service, only the bytes in the log. A removed end of a chain, and a forgery by
    somebody who may write to the log, are not seen by this.

    Exit status: 0 every chain is whole; 1 a case is broken or unreadable, or a record is foreign.

    Example: jauap verify
    """
    found = addresses.find(data_dir, "kafka", principal="auditor")
    try:
        result = verifier.verify(found.kafka)
    except LogUnavailable as reason:
        raise failed(f"The log at {found.kafka} can't be read: {reason}.", REMEDY) from reason
    if as_json:
        say_json(result)
    else:
        say(
            f"{result.records} records of {result.cases} cases: {result.counted} count, {result.void} are void,"
            f" {result.broken} break a case, {result.foreign} are foreign."
        )
        say_table(("CASE", "WHY IT STANDS STILL"), [(one.case_id, one.why) for one in result.standing_still], "")
        say("Every chain is whole." if result.whole else "NOT every chain is whole.")
    if not result.whole:
        raise typer.Exit(1)
