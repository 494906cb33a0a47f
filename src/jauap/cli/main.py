"""`jauap`: the command line. Each group of commands stands in a module of its own."""

import typer

from jauap import logs, settings
from jauap.cli import (
    access,
    alerts,
    apply,
    ask,
    bodies,
    calendars,
    contract,
    demo,
    do,
    documents,
    due,
    explain,
    imports,
    projections,
    secrets,
    stack,
    topics,
    treaties,
    verify,
)
from jauap.cli.printing import failed
from jauap.settings import WrongSetting

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, pretty_exceptions_enable=False)
app.add_typer(stack.app, name="stack", epilog="Example: jauap stack up")
app.add_typer(do.app, name="do")
app.command("import")(imports.import_register)
app.add_typer(ask.case, name="case")
app.command()(demo.demo)
app.command()(verify.verify)
app.command()(due.due)
app.command()(explain.explain)
app.add_typer(calendars.app, name="calendar")
for _question in (ask.history, ask.deadlines, ask.findings, ask.outcome):
    app.command()(_question)
app.add_typer(alerts.app, name="alerts")
app.add_typer(bodies.app, name="body")
app.add_typer(treaties.app, name="treaty")
app.add_typer(documents.app, name="documents")
app.add_typer(projections.app, name="projections")
app.command()(apply.apply)
app.command()(secrets.secrets)
app.add_typer(access.app, name="access")
app.add_typer(topics.app, name="topics", epilog="Example: jauap topics check")
app.add_typer(contract.app, name="contract", epilog="Example: jauap contract page > contract.html")


@app.callback()
def main() -> None:
    """Letters from the UN special procedures: from arrival to publication, with every legal clock running.

    The system runs on this machine (jauap stack), or anywhere: JAUAP_KAFKA, JAUAP_REGISTRY, JAUAP_DATABASE and
    JAUAP_DOCUMENTS say where its parts are. Results go to standard output, all else to standard error.

    Example: jauap stack up; jauap import examples/register.csv; jauap deadlines --missed
    """
    try:
        logs.configure("cli", default="error")
        settings.check_names()
    except WrongSetting as wrong:
        raise failed(f"{wrong}.", code=2) from wrong
