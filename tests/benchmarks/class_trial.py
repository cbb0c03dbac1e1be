"""`make class-trial`: eight students log in at once through the hub of `make class` and move notebook 03's slider.

One headless Chromium plays all eight on the same machine, so it is part of the load: its share of the processors is
in the table, and afterwards the sliders' messages are sent once more without it. The pages compute the pictures: a
kernel only hears where a slider stands. Below the table stands what a class of thirty needs, by arithmetic from these
figures. Run it alone.
"""

from __future__ import annotations

import asyncio
import math
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psutil
from playwright.async_api import Browser, Page, async_playwright

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import peak  # noqa: E402
import throughput  # noqa: E402
import wire  # noqa: E402
from browser.lab import FLAGS, find_chromium  # noqa: E402
from events import NEXT_PICTURE  # noqa: E402
from run import Line, percentile  # noqa: E402
from trial_hub import Ledger, hub, unless_ended  # noqa: E402

STUDENTS = ("ada", "bela", "chen", "dora", "emil", "fatma", "gita", "hugo")
NOTEBOOK = "03_undercomplete_vs_pca.ipynb"
CLASS = 30
PRESSES, PACE = 60, 0.25  # four key presses a second for a quarter of a minute, as an eager learner
PATIENCE = 240  # seconds until the first picture; beyond that it counts as failed
USE = 0.6  # busier processors than this and waiting grows faster than the class
KERNEL = "window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.id"
READY = """() => {
  const notebook = window.jupyterapp?.shell.currentWidget;
  const isIdle = notebook?.sessionContext?.session?.kernel?.status === 'idle';
  return isIdle && notebook.context.isReady && notebook.content.widgets.length > 9;
}"""
RUN_CELLS = """
async (words) => {
  const app = window.jupyterapp, notebook = app.shell.currentWidget.content;
  for (const word of words) {
    notebook.activeCellIndex = notebook.widgets.findIndex(
      (cell) => cell.model.type === 'code' && cell.model.sharedModel.source.includes(word));
    await app.commands.execute('notebook:run-cell');
  }
}
"""


class Student:
    """One learner in a browser window of their own."""

    def __init__(self, name: str, page: Page, address: str, password: str) -> None:
        self.name, self.page, self.address, self.password = name, page, address, password
        self.first_picture = math.nan  # seconds
        self.answers: list[float] = []  # milliseconds
        self.failures: list[str] = []

    async def enter(self) -> None:
        """Log in, open notebook 03, run its set-up cell and its slider cell."""
        link = f"/hub/user-redirect/lab/tree/notebooks/{NOTEBOOK}"
        await self.page.goto(f"{self.address}/hub/login?next={link}")
        await self.page.fill("input[name=username]", self.name)
        await self.page.fill("input[name=password]", self.password)
        clicked = time.monotonic()
        await self.page.click("#login_submit")
        await self.page.wait_for_function(READY)
        await self.page.evaluate(RUN_CELLS, ["import BottleneckExplorer", "BottleneckExplorer("])
        explorer = self.page.locator(".aecourse", has_text="set of ten digits").first
        await explorer.locator("canvas.aecourse-mosaic").first.wait_for()
        self.first_picture = time.monotonic() - clicked
        await explorer.scroll_into_view_if_needed()
        await explorer.locator("input[type=range]").first.focus()

    async def move(self) -> None:
        """Press arrow keys at a human pace, and wait for each picture."""
        explorer = self.page.locator(".aecourse", has_text="set of ten digits").first
        due = time.monotonic()
        for press in range(PRESSES):
            await explorer.evaluate(NEXT_PICTURE)
            await self.page.keyboard.press("ArrowRight" if press // 30 % 2 == 0 else "ArrowLeft")
            self.answers.append(await asyncio.wait_for(self.page.evaluate("window.nextPicture"), 10))
            due = max(due + PACE, time.monotonic())
            await asyncio.sleep(due - time.monotonic())

    async def leave(self) -> wire.Wire:
        """Close the window; the kernel goes on, and this is a line to it."""
        kernel = await self.page.evaluate(KERNEL)
        cookies = await self.page.context.cookies(f"{self.address}/user/{self.name}/")
        await self.page.close()
        cookie = "; ".join(f"{c['name']}={c['value']}" for c in cookies)
        return wire.Wire(f"{self.address}/user/{self.name}", kernel, cookie)

    async def attempt(self, step) -> None:
        """Do one step; whatever goes wrong is a failure of the trial, not its end."""
        try:
            await step()
        except Exception as error:
            self.failures.append(f"{self.name}, {step.__name__}: {type(error).__name__}: {error}")


async def play(browser: Browser, address: str, password: str, ledger: Ledger) -> tuple[list[Student], dict]:
    """All students at once: (students, {"in": processor seconds of each part, "moving": the same, "memory": …})."""
    students = []
    for name in STUDENTS:
        context = await browser.new_context(viewport={"width": 1400, "height": 950})
        context.set_default_timeout(PATIENCE * 1000)
        students.append(Student(name, await context.new_page(), address, password))
    at_start = ledger.seconds()
    await asyncio.gather(*(student.attempt(student.enter) for student in students))
    inside = [student for student in students if not student.failures]
    await asyncio.sleep(3)  # pages settle
    before, started = ledger.seconds(), time.monotonic()
    await asyncio.gather(*(student.attempt(student.move) for student in inside))
    wall, after, memory = time.monotonic() - started, ledger.seconds(), ledger.megabytes()
    wires = [await student.leave() for student in inside]
    await asyncio.gather(*(line.open() for line in wires))
    busy = {}
    for count in (len(wires), CLASS):
        busy[count] = await wire.drive(wires, pace=PACE * len(wires) / count, seconds=10)
    return students, {
        "wire": busy,
        "in": {part: before[part] - at_start[part] for part in before},
        "moving": {part: after[part] - before[part] for part in before},
        "wall": wall,
        "memory": memory,
    }


async def trial() -> tuple[list[Student], dict]:
    """Start the hub and the browser, let the students work, stop both, and count what is left running."""
    if (executable := find_chromium()) is None:
        sys.exit("no Chromium here; on Debian: apt install chromium")
    with tempfile.TemporaryDirectory() as home, hub(Path(home)) as (process, address, password):
        ledger = Ledger(process.pid)
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
            students, spent = await play(browser, address, password, ledger)
            await browser.close()
        family = [p for processes in ledger.parts().values() for p in processes]
        process.send_signal(signal.SIGINT)
        process.wait(60)
        ended = psutil.STATUS_ZOMBIE
        spent["left"] = sum(p.is_running() and unless_ended(p.status, ended) != ended for p in family)
        spent["complaints"] = [line for line in (Path(home) / "hub.log").read_text().splitlines() if line[:2] == "[E"]
    return students, spent


def lines(students: list[Student], spent: dict) -> list[Line]:
    """The table."""
    entered = [s.first_picture for s in students if not math.isnan(s.first_picture)]
    answers = [answer for s in students for answer in s.answers]
    memory, count, moving = spent["memory"], len(students), spent["moving"]
    own = memory["server"] + memory["kernel"]
    failures = sum(len(s.failures) for s in students)
    everything = sum(moving.values())
    return [
        Line("failures of students", failures, "", at_most=0),
        Line("errors in the hub's log", len(spent["complaints"]), "", at_most=0),
        Line("processes left after Ctrl-C", spent["left"], "", at_most=0),
        Line("login click to first picture, median", statistics.median(entered), "s"),
        Line("login click to first picture, slowest", max(entered), "s"),
        Line("    processor time of that, a student, without the browser", _ours(spent["in"]) / count, "s"),
        Line("    processor time of that, a student, in the browser", spent["in"]["browser"] / count, "s"),
        Line(f"key press to picture, {len(answers)} presses, median", statistics.median(answers), "ms"),
        Line("key press to picture, 95th percentile", percentile(answers, 95), "ms"),
        Line("    presses a second, all students together", len(answers) / spent["wall"], ""),
        Line("    processor time of a press: kernel, server, proxy, hub", 1000 * press_cost(students, spent), "ms"),
        Line("    use of the processors", 100 * everything / spent["wall"] / os.cpu_count(), "%"),
        Line("    the browser's share of that", 100 * moving["browser"] / everything, "%"),
        *wire_lines(spent),
        Line("memory of hub and proxy", memory["hub"] + memory["proxy"], "MB"),
        Line("memory a student: server", memory["server"] / count, "MB"),
        Line("memory a student: kernel", memory["kernel"] / count, "MB"),
        Line("memory a student", own / count, "MB"),
    ]


def wire_lines(spent: dict) -> list[Line]:
    """The same presses without a browser, each as a message of its own; a page sends one when its slider rests."""
    table = []
    for count, (answers, rate) in spent["wire"].items():
        who = f"the presses of {count} students without a browser"
        table += [
            Line(f"{who}: 95th percentile", percentile(answers, 95), "ms", at_most=100 if count < CLASS else None),
            Line("    answered a second", rate, ""),
        ]
    return table


def press_cost(students: list[Student], spent: dict) -> float:
    """Processor seconds of one press, without the browser's own."""
    return _ours(spent["moving"]) / sum(len(s.answers) for s in students)


def _ours(seconds: dict[str, float]) -> float:
    return sum(spent for part, spent in seconds.items() if part != "browser")


def thirty(students: list[Student], spent: dict) -> str:
    """What a class needs whose browsers are elsewhere, by arithmetic from the figures above."""
    memory, count = spent["memory"], len(students)
    base, each = memory["hub"] + memory["proxy"], (memory["server"] + memory["kernel"]) / count
    press, entry = press_cost(students, spent), _ours(spent["in"]) / count
    busy = CLASS / PACE * press
    cores = math.ceil(busy / USE)
    return "\n".join(
        [
            f"{CLASS} students, one kernel each, their browsers on other machines:",
            f"  memory     {base:.0f} + {CLASS} × {each:.0f} MB = {(base + CLASS * each) / 1000:.0f} GB",
            f"  moving     {CLASS} × {1 / PACE:.0f} presses a second × {1000 * press:.1f} ms = {busy:.1f} cores busy;"
            f" with at most {USE:.0%} of them in use: {cores} cores",
            f"  coming in  {CLASS} × {entry:.1f} s of processor time = {CLASS * entry / cores:.0f} s on {cores} cores",
        ]
    )


def main() -> int:
    """Play the class, measure four kernels that train, print one table."""
    students, spent = asyncio.run(trial())
    failures = [failure for s in students for failure in s.failures] + spent["complaints"]
    print(*failures, sep="\n")
    if not any(s.answers for s in students):
        return 1
    table = lines(students, spent) + throughput.lines()
    whole = peak.peak(NOTEBOOK, os.environ | throughput.policy())
    table.append(Line(f"memory of a kernel that runs all of {NOTEBOOK[:2]}, peak", whole, "MB"))
    print("\n".join(map(str, table)))
    print("", thirty(students, spent), sep="\n")
    return int(any(line.outcome() == "MISSED" for line in table))


if __name__ == "__main__":
    sys.exit(main())
