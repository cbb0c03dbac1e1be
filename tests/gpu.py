"""Is the course right, and how fast is it, on a real GPU? `python tests/gpu.py` says so in under 8 minutes on one card.

It needs what the package needs: `pip install .`, or, on an image that has torch, the wheels of numpy, scipy,
scikit-learn, threadpoolctl, pillow, matplotlib, tqdm, safetensors, ipywidgets, anywidget, nbformat and packaging, and
this repository's folder in PYTHONPATH. The parts "tests" and "calls" also need pytest, pytest-xdist, hypothesis and
scikit-image; where these are missing, the result says so.

Each part runs in a process of its own, with a limit of time: an error that ends the use of the card, or a part that
hangs, spoils no other part, and what was measured until then is kept. The result, `docs/gpu.json`, is what
`docs/installing.md` shows. Without a GPU nothing is written. `--device cpu --quick` runs the same code on few images.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from benchmarks.on_device import PARTS
from helpers.paths import ROOT

from aecourse import __version__
from aecourse.device import available_devices

RESULT, DOCS = ROOT / "docs" / "gpu.json", ROOT / "docs" / "installing.md"
BEGIN, END = "<!-- python tests/gpu.py writes this -->", "<!-- until here -->"
UNMEASURED = "Families and notebooks have not been measured on a GPU yet: `python tests/gpu.py` does so in 8 minutes."


def run_part(part: str, device: str, *, quick: bool, limit: float) -> dict:
    """Run one part in a process of its own; what it measured, how long it took, and why it ended early, if it did."""
    started, ended = time.perf_counter(), ""
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "figures"
        found.touch()
        command = [sys.executable, __file__, "--part", part, "--device", device, "--out", str(found)]
        try:
            subprocess.run(
                command + ["--quick"] * quick, check=True, timeout=limit, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, encoding="utf-8", errors="replace",
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            ended = f"its {limit:g} seconds were over"
        except subprocess.CalledProcessError as error:
            ended = (error.stderr.strip() or f"exit status {error.returncode}").splitlines()[-1]
        figures = {}
        for line in found.read_text("utf-8").splitlines():
            figures |= json.loads(line)
    return {"seconds": round(time.perf_counter() - started, 1), "ended early": ended, "figures": figures}


def measure(part: str, device: str, *, quick: bool, into: Path) -> None:
    """Write the figures of one part, a line each; one that cannot be measured gives its error."""
    with into.open("a", encoding="utf-8") as file:
        for name, figure in PARTS[part][0](device, quick):
            try:
                value = figure()
            except Exception as error:
                value = {"wrong": f"{type(error).__name__}: {error}"}
            file.write(json.dumps({name: value}) + "\n")
            file.flush()


def faults(result: dict) -> list[str]:
    """What is wrong in a result, in words."""
    found = []
    for part, ran in result["parts"].items():
        found += [f"{part}: {ran['ended early']}"] if ran["ended early"] else []
        found += [f"{part}: {name}: {each['wrong']}" for name, each in ran["figures"].items() if each["wrong"]]
    return found


def report(result: dict | None) -> str:
    """What the docs say of a result: a sentence, and a table of epochs."""
    if result is None:
        return UNMEASURED
    figures = {part: ran["figures"] for part, ran in result["parts"].items()}
    rows = ["| an epoch of | `fit` | plain loop | `fit` on the CPU | test MSE |", "| --- | --- | --- | --- | --- |"]
    for family, ways in figures["speed"].items():
        if ways.keys() >= {"fit", "plain loop", "CPU"}:
            ways = [ways[way] for way in ("fit", "plain loop", "CPU")]
            seconds, errors = ([f"{way[what]:.3g}" for way in ways] for what in ("seconds", "test MSE"))
            rows.append(f"| {family} | {' s | '.join(seconds)} s | {' · '.join(errors)} |")
    ran = [each for each in figures["notebooks"].values() if not each["wrong"]]
    memory = [each["GB"] for each in ran if each["GB"] is not None]
    apart = [each.get("difference", 0) for name, each in figures["numbers"].items() if name.endswith("test MSE")]
    sentences = [
        f"**{result['card']}**, torch {result['torch']}, {result['date']}, aecourse {result['aecourse']}.",
        f"{sum(each.get('passed', 0) for each in figures['tests'].values())} unit tests passed on it.",
        f"{len(ran)} notebooks ran in {sum(each['seconds'] for each in ran):.0f} s",
        f"and took {max(memory):.2g} GB of its memory at most." if memory else "on it.",
        f"The test errors of {len(apart)} networks differ from the CPU's by {max(apart, default=0):.1g} at most.",
        f"{len(faults(result)) or 'Nothing'} went wrong. The three errors of a row belong to its three ways, in order.",
    ]
    return "\n".join([" ".join(sentences), "", *rows])


def main(arguments: list[str] | None = None) -> int:
    """Measure, write the result after each part, and say what went wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", choices=("cuda", "mps", "cpu"), help="default: the GPU of this machine")
    parser.add_argument("--quick", action="store_true", help="few images and cells, to try the script itself")
    parser.add_argument("--out", type=Path, help="default: docs/gpu.json; of a trial, build/gpu.json")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    device = options.device or available_devices()[0]
    if options.device is None and device == "cpu":
        print("This machine has no GPU that torch can use: nothing is measured, and nothing in the course needs one.")
        return 0
    if options.part:
        measure(options.part, device, quick=options.quick, into=options.out)
        return 0
    real = device != "cpu" and not options.quick
    out = options.out or (RESULT if real else ROOT / "build" / "gpu.json")
    out.parent.mkdir(exist_ok=True)
    result = {
        "card": torch.cuda.get_device_name() if device == "cuda" else platform.processor() or platform.machine(),
        "device": device, "torch": torch.__version__, "cuda": torch.version.cuda, "aecourse": __version__,
        "date": datetime.datetime.now().astimezone().date().isoformat(), "quick": options.quick, "parts": {},
    }  # fmt: skip
    for part, (_, limit) in PARTS.items():
        print(f"{part}: at most {limit} seconds …", flush=True)
        result["parts"][part] = run_part(part, device, quick=options.quick, limit=limit)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(report(result))
    if out == RESULT:
        DOCS.write_text(with_report(DOCS.read_text("utf-8"), result), encoding="utf-8")
    wrong = faults(result)
    print(*(wrong or ["Nothing went wrong."]), sep="\n")
    return 1 if wrong else 0


def with_report(text: str, result: dict | None) -> str:
    """The docs with this result, or none, between the two marks."""
    return re.sub(f"(?<={BEGIN}\n\n).*(?=\n\n{END})", lambda _: report(result), text, flags=re.S)


if __name__ == "__main__":
    sys.exit(main())
