"""The groups of figures by name, and the stacks that they share."""

from collections.abc import Callable, Sequence

from bench.commands import measure_commands
from bench.figures import Found, Scale
from bench.rebuild import measure_layers, measure_rebuild, write_log
from bench.stacks import Running, running

Measure = Callable[[Running, Scale], Found]

ON_A_LOG: dict[str, Measure] = {"layers": measure_layers, "rebuild": measure_rebuild}
"""On a stack whose log holds all events."""
ON_INTAKE: dict[str, Measure] = {"commands": measure_commands}
"""On a stack with an empty log, and *intake*."""
NAMES = (*ON_A_LOG, *ON_INTAKE)


def measure(names: Sequence[str], scale: Scale) -> dict[str, Found]:
    """Measure these groups."""
    found: dict[str, Found] = {}
    on_a_log = {name: group for name, group in ON_A_LOG.items() if name in names}
    if on_a_log:
        with running() as stack:
            write_log(stack, scale.events, scale.cases)
            found |= {name: group(stack, scale) for name, group in on_a_log.items()}
    if "commands" in names:
        with running(("intake",)) as stack:
            found["commands"] = measure_commands(stack, scale)
    return found
