"""`make bench`: how fast the course is on this machine, as one table of measurement, figure, target and outcome.

Absolute times drift with the machine; ratios are taken within one run, alternating what is compared. Run it alone:
another busy process slows torch's threads.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]


@dataclass(frozen=True)
class Line:
    """One line of the table; without a target it is there to compare with."""

    what: str
    figure: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    def outcome(self) -> str:
        """Met, missed, or nothing."""
        if self.at_most is None and self.at_least is None:
            return ""
        met = (self.at_most is None or self.figure <= self.at_most) and (
            self.at_least is None or self.figure >= self.at_least
        )
        return "met" if met else "MISSED"

    def __str__(self) -> str:
        target = f"≤ {self.at_most:g}" if self.at_most is not None else ""
        target = f"≥ {self.at_least:g}" if self.at_least is not None else target
        return f"{self.what:<66} {self.figure:>9.3g} {self.unit:<4} {target:<8} {self.outcome()}"


def training_lines() -> Iterator[Line]:
    """An epoch of `fit` beside other ways to spend it, on the CPU and on a GPU where there is one."""
    import loops

    for device in loops.devices():
        measured = loops.compare(device)
        fit_seconds, fit_mse = measured["fit"]
        bare_seconds, bare_mse = measured["bare loop"]
        where = "" if device == "cpu" else f" ({device})"
        for name, (seconds, test_mse) in measured.items():
            yield Line(f"epoch{where}: {name}", seconds, "s")
            if test_mse is not None:
                yield Line(f"    its test MSE after {loops.EPOCHS} epochs{where}", test_mse, "")
        yield Line(f"epoch{where}: fit / bare loop", fit_seconds / bare_seconds, "×", at_most=1.10)
        slow = measured["torchvision + DataLoader"][0]
        yield Line(f"epoch{where}: torchvision + DataLoader / fit", slow / fit_seconds, "×", at_least=5)
        yield Line(f"test MSE{where}: fit / bare loop", fit_mse / bare_mse, "×", at_most=1.05)


def default_lines() -> Iterator[Line]:
    """What the default of `fit` reaches beside the loops that others use, as `make controls` stored it."""
    from aecourse.evaluation.controls import read_results, stored

    for name, entry in read_results("training_default").items():
        if not entry["seeds"]:
            continue  # `make controls NAMES=training_default` goes on where it was stopped
        found = stored(name)
        means = {loop: found[loop].mean for loop in found.values}
        ours = means.pop("ours")
        tripled = means.pop("ours, rate × 3")
        what = f"{name.partition('.')[2]} ({found['ours'].count} seeds)"
        for loop, loss in means.items():
            target = {} if loop.startswith("ours") else {"at_most": 1.0}
            yield Line(f"validation loss, {what}: ours / {loop}", ours / loss, "×", **target)
        yield Line(f"validation loss, {what}: rate × 3 / ours", tripled / ours, "×", at_most=2.0)


def foreign_lines() -> Iterator[Line]:
    """Networks of others: what `fit` reaches with its defaults, over what their authors' loops reach."""
    import foreign_loops

    for name, at_equal_epochs, in_equal_seconds, pace in foreign_loops.compare():
        what = f"{name}, validation loss of fit / of its author's loop"
        yield Line(f"{what}, {foreign_loops.EPOCHS} epochs each", at_equal_epochs, "×", at_most=1.0)
        yield Line(f"{what}, in the same seconds", in_equal_seconds, "×", at_most=1.0)
        yield Line(f"{name}: seconds of fit / of its author's loop, both from memory", pace, "×")


def step_lines() -> Iterator[Line]:
    """What the contractive penalty adds to a training step, beside other ways to compute it."""
    import steps

    targets = {"contractive step / plain step": {"at_most": 1.35}}
    for what, ratio in steps.compare().items():
        yield Line(what, ratio, "×", **targets.get(what, {}))


def explorer_lines() -> Iterator[Line]:
    """What the page computes for one move of a control."""
    import events

    if (executable := chromium()) is None:
        return
    for name, times in events.measure(executable):
        yield Line(f"{name}: computed in the page, median", statistics.median(times), "ms", at_most=8)
        yield Line(f"{name}: computed in the page, 95th percentile", percentile(times, 95), "ms")


def memory_lines() -> Iterator[Line]:
    """What the kernel keeps of cells that run again, and what the demo board takes."""
    from helpers import reruns

    with reruns.kernel() as client:
        yield Line("demo board, all explorers built, beyond the packages", reruns.board(client), "MB", at_most=650)
    with reruns.kernel() as client:
        what = f"{len(reruns.EXPLORERS)} explorers, {reruns.RERUNS} re-runs each: growth"
        yield Line(what, reruns.growth(client), "MB", at_most=20)


def browser_lines() -> Iterator[Line]:
    """From the key press to the changed picture of each explorer, in JupyterLab."""
    import events

    if (executable := chromium()) is None:
        return
    for name, case, times in events.measure_in_browser(executable):
        slow = "slower" in case
        yield from press_lines(
            f"JupyterLab, {case}: {name}", times, median=35 if slow else 8, most=None if slow else 17
        )


def demo_lines() -> Iterator[Line]:
    """The demo board as a page: until it is there, until the next demo is, and from the key press to the picture."""
    import events

    if (executable := chromium()) is None:
        return
    first, turns, presses = events.measure_demo(executable)
    yield Line("demo board: address to first picture", first, "s", at_most=5)
    yield Line("demo board: Page Down to the next demo, median", statistics.median(turns), "ms", at_most=300)
    yield Line("demo board: Page Down to the next demo, slowest", max(turns), "ms")
    yield from press_lines("demo board", presses)


def chromium() -> str | None:
    """The browser to drive; without one there is a word about it."""
    from browser.lab import find_chromium

    if (executable := find_chromium()) is None:
        print("no Chromium here: what explorers do in a page is not measured", file=sys.stderr)
    return executable


def press_lines(where: str, times: list[float], *, median: float = 8, most: float | None = 17) -> Iterator[Line]:
    """From the key press to the changed picture."""
    yield Line(f"{where}: key press to picture, median", statistics.median(times), "ms", at_most=median)
    yield Line(f"{where}: key press to picture, 95th percentile", percentile(times, 95), "ms", at_most=most)


def import_lines() -> Iterator[Line]:
    """What `import aecourse` adds to `import torch`, and the data's loading time, each in fresh processes."""
    clock = "import time; start = time.perf_counter(); {}; print(time.perf_counter() - start)"
    added = _median_of_processes(
        "import torch, time; start = time.perf_counter(); import aecourse; print(time.perf_counter() - start)"
    )
    names = "import torch, time; start = time.perf_counter(); from aecourse import load_mnist, DenseAutoencoder, fit; "
    working = _median_of_processes(names + "print(time.perf_counter() - start)")
    loading = _median_of_processes(f"from aecourse import load_mnist; {clock.format('load_mnist()')}")
    yield Line("import aecourse, on top of import torch", added, "s", at_most=0.3)
    yield Line("… and load_mnist, DenseAutoencoder and fit with it", working, "s", at_most=0.3)
    yield Line("load_mnist: 70,000 images, from xz", loading, "s", at_most=1.2)


def notebook_lines() -> Iterator[Line]:
    """Each notebook under nbval, alone."""
    import notebooks

    for notebook in notebooks.NOTEBOOKS:
        yield Line(f"{notebook.name}: nbval", notebooks.run_nbval(notebook)[1], "s", at_most=60)


def percentile(times: list[float], share: int) -> float:
    """The value that `share` per cent of the times stay below."""
    return statistics.quantiles(times, n=100)[share - 1]


def _median_of_processes(code: str, count: int = 5) -> float:
    runs = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(count)
    ]
    return statistics.median(float(run.stdout) for run in runs)


PARTS = {
    "training": training_lines,
    "default": default_lines,
    "foreign": foreign_lines,
    "steps": step_lines,
    "explorers": explorer_lines,
    "memory": memory_lines,
    "browser": browser_lines,
    "demo": demo_lines,
    "import": import_lines,
    "notebooks": notebook_lines,
}


def main() -> int:
    """Measure the parts named, or all, and print each line of the table when it is known."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=f"some of: {', '.join(PARTS)} (default: all)")
    names = parser.parse_args().parts or list(PARTS)
    if unknown := set(names) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}; choose from {', '.join(PARTS)}")
    lines: list[Line] = []
    try:
        for name in names:
            print(f"measuring: {name} …", file=sys.stderr, flush=True)
            for line in PARTS[name]():
                lines.append(line)
                print(line, flush=True)
    except KeyboardInterrupt:
        print("\nstopped: what is above was measured", file=sys.stderr)
    missed = [line.what for line in lines if line.outcome() == "MISSED"]
    print(f"\n{len(missed)} of {sum(bool(line.outcome()) for line in lines)} targets missed", *missed, sep="\n  ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
