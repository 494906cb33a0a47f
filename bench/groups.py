"""The groups of figures by name, and the stacks that they share."""

from collections.abc import Collection, Iterator

from bench.bodies import ALL
from bench.clocks import measure_clocks
from bench.commands import measure_commands
from bench.figures import Found, Scale
from bench.ministries import SERVICES, measure_ministries
from bench.rebuild import measure_layers, measure_rebuild, write_log
from bench.restart import SERVICE, measure_killed, measure_start, resident_when_empty
from bench.rolling import measure_rolling
from bench.sizes import GRANTED, measure_sizes
from bench.stacks import running
from bench.visible import measure_visible

ON_THE_WHOLE_LOG = ("layers", "rebuild", "start")
ON_A_SHORT_LOG = ("visible", "killed")
ON_AN_EMPTY_LOG = ("commands",)
ON_LETTERS_OF_TODAY = ("clocks",)
FOR_OTHER_BODIES = ("ministries",)
AT_AN_UPGRADE = ("rolling",)
ON_A_GROWING_LOG = ("sizes",)
NAMES = (
    *ON_THE_WHOLE_LOG,
    *ON_AN_EMPTY_LOG,
    *ON_A_SHORT_LOG,
    *ON_LETTERS_OF_TODAY,
    *FOR_OTHER_BODIES,
    *AT_AN_UPGRADE,
    *ON_A_GROWING_LOG,
)


def measure(names: Collection[str], scale: Scale) -> Iterator[tuple[str, Found]]:
    """Measure these groups, and give each as it is found; those that need the same log share a stack."""
    if not set(names).isdisjoint(ON_THE_WHOLE_LOG):
        yield from _on_the_whole_log(names, scale)
    if not set(names).isdisjoint(ON_AN_EMPTY_LOG):
        with running(scale.jvm, (SERVICE,)) as stack:
            yield "commands", measure_commands(stack, scale)
    if not set(names).isdisjoint(ON_A_SHORT_LOG):
        yield from _on_a_short_log(names, scale)
    if not set(names).isdisjoint(ON_LETTERS_OF_TODAY):
        with running(scale.jvm) as stack:
            yield "clocks", measure_clocks(stack, scale)
    if not set(names).isdisjoint(FOR_OTHER_BODIES):
        with running(scale.jvm, SERVICES, ALL) as stack:
            yield "ministries", measure_ministries(stack, scale)
    if not set(names).isdisjoint(AT_AN_UPGRADE):
        with running(scale.jvm) as stack:
            yield "rolling", measure_rolling(stack, scale)
    if not set(names).isdisjoint(ON_A_GROWING_LOG):
        with running(scale.jvm, granted=GRANTED) as stack:
            yield "sizes", measure_sizes(stack, scale)


def _on_the_whole_log(names: Collection[str], scale: Scale) -> Iterator[tuple[str, Found]]:
    with running(scale.jvm) as stack:
        empty = resident_when_empty(stack) if "start" in names else 0
        write_log(stack, scale.events, scale.cases)
        if "layers" in names:
            yield "layers", measure_layers(stack, scale)
        if "rebuild" in names:
            yield "rebuild", measure_rebuild(stack)
        if "start" in names:
            yield "start", measure_start(stack, scale, empty)


def _on_a_short_log(names: Collection[str], scale: Scale) -> Iterator[tuple[str, Found]]:
    with running(scale.jvm) as stack:
        write_log(stack, scale.behind, scale.cases * scale.behind // scale.events)
        if "killed" in names:
            yield "killed", measure_killed(stack, scale)
        if "visible" in names:
            yield "visible", measure_visible(stack, scale)
