"""`python -m tests.fault <scenario> [--db sqlite|pg] [--n …] [--seed …] [--record]`."""

from __future__ import annotations

import argparse
import sys
import traceback

from tests.fault.results import record
from tests.fault.scenarios.catalogue import SCENARIOS, Scenario
from tests.fault.site import Db, Site
from tests.fault.stage import Stage


def run(
    name: str, site: Site, db: Db, *, n: int | None = None, seed: int = 0, off: str = ""
) -> Stage:
    """One run of a scenario, of its CI size unless told otherwise."""
    scenario = SCENARIOS[name]
    stage = Stage(name, site, db, scenario.ci if n is None else n, seed, off)
    try:
        scenario.run(stage)
    except Exception as error:  # noqa: BLE001 - the process boundary: told in the verdict
        traceback.print_exc()
        stage.broken.append(f"{type(error).__name__}: {str(error)[:500]}")
    return stage


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    names = list(SCENARIOS) if options.scenario == "all" else [options.scenario]
    good = True
    with Site() as site:
        for name in names:
            for db in _databases(SCENARIOS[name], options.db):
                n = options.n or (SCENARIOS[name].soak if options.soak else None)
                stage = run(name, site, db, n=n, seed=options.seed, off=options.off)
                sys.stdout.write(stage.line() + "\n")
                sys.stdout.flush()
                good = good and not stage.broken
                if options.record:
                    record(stage.verdict(), _size(options))
    return 0 if good else 1


def _size(options: argparse.Namespace) -> str:
    if options.n:
        return "asked"
    return "soak" if options.soak else "ci"


def _databases(scenario: Scenario, asked: Db | None) -> tuple[Db, ...]:
    if asked is None:
        return scenario.dbs
    return (asked,) if asked in scenario.dbs else ()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fault", description=__doc__)
    parser.add_argument("scenario", choices=["all", *SCENARIOS])
    parser.add_argument("--db", choices=["sqlite", "pg"], help="one of the scenario's databases")
    parser.add_argument("--n", type=int, help="how much; see docs/reliability.md")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--soak", action="store_true", help="the long size")
    parser.add_argument("--off", default="", help="protections to take away: must break something")
    parser.add_argument("--record", action="store_true", help="merge into docs/reliability.json")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
