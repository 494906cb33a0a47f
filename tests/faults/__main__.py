"""Attack the system on this machine, and judge what it kept: `python -m tests.faults --seed 7 --seconds 60`."""

import argparse
import json
import secrets
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.faults.broken import PROMISES
from tests.faults.campaign import MOST_SHOWN, Plan, Summary, run
from tests.faults.nemeses import NEMESES, ON_REQUEST, WITH_ONE_BROKER

EXAMPLE = """\
examples:
  python -m tests.faults                                  a minute of everything, with a new seed
  python -m tests.faults --seed 7 --seconds 600           the same faults and commands as whoever had seed 7
  python -m tests.faults --kind split --kind broker-kill  only these
  python -m tests.faults --broken pipelines --kind split  a service in which a promise was broken on purpose
"""


def main() -> int:
    """Run a campaign. The exit code: 0 without violations, 1 with, 2 for a wrong option."""
    given = _options().parse_args()
    seed = given.seed or str(secrets.randbelow(10**6))
    folder = Path(tempfile.mkdtemp(prefix="jauap-faults-"))
    began = time.monotonic()

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)  # noqa: T201 - a program's output

    say(f"seed {seed}, {given.seconds:.0f} s, in {folder}")
    broken = dict.fromkeys(("intake", "routing", "publication"), given.broken) if given.broken else {}
    try:
        possible = [kind for kind in NEMESES if given.brokers == 1 or kind not in WITH_ONE_BROKER]
        chosen = {kind: (NEMESES | ON_REQUEST)[kind] for kind in given.kind or possible}
        summary = run(Plan(seed, given.seconds, chosen, given.cases, given.brokers, broken), folder, say)
    except BaseException:
        say(f"the campaign itself failed after {time.monotonic() - began:.0f} s; its data are in {folder}")
        raise
    print(json.dumps(asdict(summary), indent=2) if given.json else _in_words(summary))  # noqa: T201
    if summary.violations:
        say(f"the data are kept in {folder}")
        return 1
    shutil.rmtree(folder, ignore_errors=True)
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults",
        description=__doc__,
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--seed", help="what commands and faults follow from (default: a new one, which is told)")
    parser.add_argument("--seconds", type=float, default=60.0, help="how long to attack (default: 60)")
    parser.add_argument(
        "--kind", action="append", choices=[*NEMESES, *ON_REQUEST], help="only this kind of fault; repeatable"
    )
    parser.add_argument("--cases", type=int, default=30, help="how many cases (default: 30)")
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1, help="how many (default: 1)")
    parser.add_argument(
        "--broken",
        choices=list(PROMISES),
        help="break this promise in the services on purpose: see tests/faults/broken.py",
    )
    parser.add_argument("--json", action="store_true", help="the summary as JSON")
    return parser


def _in_words(summary: Summary) -> str:
    lines = [f"seed {summary.seed}: {summary.seconds:.0f} s", "", "faults injected"]
    lines += [f"  {number:6}  {name}" for name, number in summary.faults.items()]
    lines += ["", "commands and records"]
    lines += [f"  {number:6}  {name}" for name, number in summary.counts.items()]
    lines += ["", f"lost in disasters: {len(summary.lost)}", *(f"  {name}" for name in summary.lost[:MOST_SHOWN])]
    lines += ["", f"violations: {len(summary.violations)}", *(f"  {said}" for said in summary.violations[:MOST_SHOWN])]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
