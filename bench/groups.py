"""The groups of figures by name, and the stacks that they share."""

from collections.abc import Collection

from bench.commands import measure_commands
from bench.figures import Found, Scale
from bench.rebuild import measure_layers, measure_rebuild, write_log
from bench.restart import SERVICE, measure_killed, measure_start, resident_when_empty
from bench.stacks import running
from bench.visible import measure_visible

ON_THE_WHOLE_LOG = ("layers", "rebuild", "start")
ON_A_SHORT_LOG = ("visible", "killed")
ON_AN_EMPTY_LOG = ("commands",)
NAMES = (*ON_THE_WHOLE_LOG, *ON_AN_EMPTY_LOG, *ON_A_SHORT_LOG)


def measure(names: Collection[str], scale: Scale) -> dict[str, Found]:
    """Measure these groups; those that need the same log share a stack."""
    found: dict[str, Found] = {}
    if not set(names).isdisjoint(ON_THE_WHOLE_LOG):
        found |= _on_the_whole_log(names, scale)
    if not set(names).isdisjoint(ON_AN_EMPTY_LOG):
        with running((SERVICE,)) as stack:
            found["commands"] = measure_commands(stack, scale)
    if not set(names).isdisjoint(ON_A_SHORT_LOG):
        found |= _on_a_short_log(names, scale)
    return found


def _on_the_whole_log(names: Collection[str], scale: Scale) -> dict[str, Found]:
    found: dict[str, Found] = {}
    with running() as stack:
        empty = resident_when_empty(stack) if "start" in names else 0
        write_log(stack, scale.events, scale.cases)
        if "layers" in names:
            found["layers"] = measure_layers(stack, scale)
        if "rebuild" in names:
            found["rebuild"] = measure_rebuild(stack, scale)
        if "start" in names:
            found["start"] = measure_start(stack, scale, empty)
    return found


def _on_a_short_log(names: Collection[str], scale: Scale) -> dict[str, Found]:
    found: dict[str, Found] = {}
    with running() as stack:
        write_log(stack, scale.behind, scale.cases * scale.behind // scale.events)
        if "killed" in names:
            found["killed"] = measure_killed(stack, scale)
        if "visible" in names:
            found["visible"] = measure_visible(stack, scale)
    return found
