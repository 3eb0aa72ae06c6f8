"""`python -m tests.bench [--quick|--full] [--only readings,recall]`: ratios against floors, measured side by side."""

import argparse
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

from tests.bench import certificates, chart, detection, kernel, ledger, pages, readings, recall, workers
from tests.bench.rounds import Case, Result, measure
from tests.bench.system import ROOT, System, own_system

SUITES: dict[str, Callable[[System], Iterator[Case]]] = {
    "readings": readings.cases,
    "chart": chart.cases,
    "kernel": kernel.cases,
    "detection": detection.cases,
    "workers": workers.cases,
    "pages": pages.cases,
    "certificate": certificates.cases,
    "ledger": ledger.cases,
    "recall": recall.cases,
}
NOTES = ("Ratios compare within this run only; the seeded million lots were put in by SQL, reading them is measured.",)


def main() -> int:
    """Measure what was asked for; the status is 1 when an answer was wrong. A missed goal is shown, not an error."""
    arguments = _arguments()
    began = time.monotonic()
    results: list[Result] = []
    with own_system(full=arguments.full) as system:
        for name in arguments.only:
            results += _suite(name, system, rounds=arguments.rounds or (9 if arguments.full else 5))
    _print_table(results)
    _say(f"{time.monotonic() - began:.0f} s")
    _write(results, arguments.output)
    return int(any(result.faults for result in results))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--quick", action="store_true", help="under four minutes on two cores (the default)")
    size.add_argument("--full", action="store_true", help="more rounds, more data, a longer stream")
    parser.add_argument("--only", default=",".join(SUITES), help="some of: " + ",".join(SUITES))
    parser.add_argument("--rounds", type=int, default=0, help="rounds of each case")
    parser.add_argument("--output", type=Path, default=ROOT / ".bench" / "latest.json")
    arguments = parser.parse_args()
    arguments.only = [name for name in arguments.only.split(",") if name]
    if unknown := set(arguments.only) - SUITES.keys():
        parser.error(f"no such suite: {', '.join(sorted(unknown))}")
    return arguments


def _suite(name: str, system: System, *, rounds: int) -> list[Result]:
    """Measure each case of a suite; one that breaks is reported and the others go on."""
    _say(f"==> {name}")
    results = []
    try:
        results.extend(measure(case, rounds, say=_say) for case in SUITES[name](system))
    except Exception:  # noqa: BLE001 -- a broken suite is a result too: it must not hide the others
        traceback.print_exc()
        results.append(Result(name, "", None, faults=["the suite broke"]))
    return results


def _print_table(results: list[Result]) -> None:
    _say(f"\n{'case':19} {'ratio':>7} {'min..max':>16} {'value':>11} {'floor':>11} unit       verdict   goal")
    for result in results:
        ratios = result.ratios
        span = f"{min(ratios):.3g}..{max(ratios):.3g}" if ratios else ""
        middle = [f"{median(numbers):.4g}" if numbers else "-" for numbers in (ratios, result.values, result.floors)]
        goal = result.goal.text if result.goal else ""
        _say(
            f"{result.name:19} {middle[0]:>7} {span:>16} {middle[1]:>11} {middle[2]:>11} "
            f"{result.unit:10} {result.verdict:9} {goal}"
        )
        crowded = "others used the processors meanwhile" if result.is_crowded else ""
        for line in (result.note, crowded, *sorted(set(result.faults))):
            if line:
                _say(f"{'':19} {line}")
    for note in NOTES:
        _say(note)


def _write(results: list[Result], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    contents = {result.name: result.content() for result in results}
    path.write_text(json.dumps(contents, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
