"""`make soak`: the faults of `tests/trust` in large numbers; writes the reliability table of the docs.

The same functions run in `make test` with small counts. A line is stored as soon as it is measured, so that a run may
be interrupted; NAMES runs some functions only, `--quick` divides all counts by ten.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import platform
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from trust import seeds  # noqa: E402

RESULTS = Path(__file__).with_suffix(".json")  # {function: a line of the table, with its seconds}
PAGE = ROOT / "docs" / "reliability.md"
MARKS = ("<!-- made by `make soak` -->", "<!-- end -->")
COUNTS = {
    "trust.test_input": {"every_fault": 10_000},
    "trust.test_files": {
        "damaged_weights": 3_000, "damaged_mnist": 300, "damaged_pictures": 10_000, "full_disk": 200, "read_only": 50,
        "strange_names": 100, "no_home": 12, "elsewhere": 11,
    },
    "trust.test_security": {"static_files": 3_000, "jupyter": 300, "class_folders": 20_000, "no_code_in_files": 1},
    "trust.test_training": {
        "interrupted": 300, "stopped_twice": 100, "spoilt": 100, "too_fast": 20, "at_once": 20, "raising": 40,
        "frozen": 20, "copies": 20, "precise_and_compiled": 20, "same_numbers": 4, "resumed": 6,
    },
    "trust.test_explorers": {"kernel_events": 10_000},
    "trust.test_markup": {"markup": 300, "spreadsheets": 300},
    "browser.test_events": {"page_events": 1_000, "page_markup": 100},
}  # fmt: skip


def results() -> dict[str, dict]:
    """Return what was stored."""
    return json.loads(RESULTS.read_text("utf-8")) if RESULTS.exists() else {}


def chosen(names: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the module, the function and the count of each line, or of the lines named."""
    for module, functions in COUNTS.items():
        for function, count in functions.items():
            if not names or function in names:
                yield module, function, count


def lines(stored: dict[str, dict]) -> Iterator[str]:
    """Yield the lines of the page between its marks."""
    yield "| part | what was done | what holds then | tried | failed |"
    yield "| --- | --- | --- | ---: | ---: |"
    order = [function for functions in COUNTS.values() for function in functions]
    for line in (stored[function] for function in order if function in stored):
        yield f"| {line['area']} | {line['fault']} | {line['promise']} | {line['tried']:,} | {len(line['failed'])} |"
    shifted = seeds.results()
    runs, broken = [run for each in shifted.values() for run in each.values()], list(seeds.failures(shifted))
    if runs:
        twice = f"{sum(run['twice'] for run in runs)} of {len(runs)} runs: every cell twice"
        fault = f"other seeds, one thread, without the cells that show explorers ({twice})"
        claims = sum(len(run["claims"]) for run in runs)
        yield f"| Notebooks | {fault} | a notebook runs to its end, and its claims hold | {claims:,} | {len(broken)} |"
    when = sorted({line["date"] for line in stored.values()})
    yield f"\nMeasured {' to '.join(dict.fromkeys((when[0], when[-1])))} with {stored[order[0]]['machine']}."
    for failure in (*(text for line in stored.values() for text in line["failed"]), *broken):
        yield f"\nFailed: {failure}"
    if runs:
        yield "\n**Claims with other seeds.** Room: from the worst value to its bound, in standard deviations."
        yield "\n| claim | must be | smallest · largest | seeds | room |"
        yield "| --- | --- | --- | ---: | ---: |"
        for name, bounds, values, room in seeds.margins(shifted):
            spread = f"{min(values):.4g} · {max(values):.4g}"
            far = "–" if room == float("inf") else "> 10" if room > 10 else f"{room:.1f}"
            yield f"| {name} | {bounds} | {spread} | {len(values)} | {far} |"


def with_table(text: str, stored: dict[str, dict]) -> str:
    """Return the text of the page with the table between its marks."""
    start, end = MARKS
    block = "\n".join((start, "", *lines(stored), "", end))
    return re.sub(f"{re.escape(start)}.*{re.escape(end)}", lambda _: block, text, flags=re.DOTALL)


def main() -> int:
    """Run the lines, store them, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="functions, such as damaged_weights (default: all)")
    parser.add_argument("--quick", action="store_true", help="a tenth of each count")
    parser.add_argument("--page", action="store_true", help="only write the page again")
    options = parser.parse_args()
    stored = results()
    for module, function, count in () if options.page else chosen(options.names):
        started, count = time.perf_counter(), max(1, count // 10) if options.quick else count
        line = getattr(importlib.import_module(module), function)(count)
        machine = f"Python {platform.python_version()}, {platform.system()}, {platform.machine()}"
        stored[function] = line.as_dict() | {
            "seconds": round(time.perf_counter() - started), "date": str(datetime.date.today()), "machine": machine,
        }  # fmt: skip
        RESULTS.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(
            f"{function}: {line.tried:,} tried, {len(line.failed)} failed, {stored[function]['seconds']} s", flush=True
        )
    PAGE.write_text(with_table(PAGE.read_text("utf-8"), stored), "utf-8")
    failures = [text for line in stored.values() for text in line["failed"]]
    print(*failures, sep="\n")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
