"""What moving a control costs: the page's computation, and the way from key press to picture."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PRESSES = 120
EACH = 60  # presses for each of many explorers

# Resolves with the milliseconds from the next key press until words and picture have changed: the screen shows them
# with the browser's next frame.
NEXT_PICTURE = """
(explorer) => { window.nextPicture = new Promise((resolve) => {
  let pressed = null;
  window.addEventListener('keydown', (event) => { pressed = event.timeStamp; }, { capture: true, once: true });
  const observer = new MutationObserver((changes) => {
    const spoken = ({ target }) => target.parentElement?.closest('[role=status]') ?? target.closest?.('[role=status]');
    if (pressed === null || changes.every(spoken)) return; // what is spoken comes later, when the control rests
    observer.disconnect();
    resolve(performance.now() - pressed);
  });
  observer.observe(explorer, { subtree: true, childList: true, characterData: true, attributeFilter: ['aria-label'] });
  setTimeout(resolve, 700, null); // the end of a control: nothing moves
}); }
"""
TIME = """(states) => states.map((s) => {
  for (const name of s.bytes) s[name] = inBytes(s[name]);
  const start = performance.now();
  explorer.compute(s, data);
  return performance.now() - start;
})"""
STEPS = 100


def measure(executable: str) -> Iterator[tuple[str, list[float]]]:
    """Explorer, milliseconds of `compute` in Chromium for each move of a control, once all data have come."""
    from browser.lab import launch_browser
    from helpers.explorers import EXPLORERS, walk
    from helpers.parity import as_json, load

    from aecourse.explorers import BottleneckExplorer

    with launch_browser(executable) as chromium:
        page = chromium.new_page()
        bottleneck = BottleneckExplorer()
        load(page, bottleneck)
        states = [as_json(bottleneck.settings() | {"k": k}) for k in range(1, 65)]
        page.evaluate(TIME, states)
        yield "three rows of ten digits, k", page.evaluate(TIME, states)
        for name, build in EXPLORERS.items():
            if name != "training":  # the kernel computes that
                explorer = build()
                load(page, explorer)
                states = [as_json(state) for state in walk(explorer, STEPS)]
                page.evaluate(TIME, states)  # networks are unpacked now
                yield name, page.evaluate(TIME, states)


def measure_in_browser(executable: str) -> Iterator[tuple[str, str, list[float]]]:
    """Explorer in JupyterLab, circumstances, milliseconds from pressing an arrow key to the changed picture."""
    from browser.gallery import NAMES, open_gallery
    from browser.lab import KERNEL, Lab, launch_browser, serve

    busy = "import torch; a = torch.rand(500, 500)\nwhile True: a = (a @ a).softmax(1)"
    names = [name for name in NAMES if name != "TrainingExplorer"]  # that one shows what the kernel trains
    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as url, launch_browser(executable) as chromium:
        lab = Lab(chromium.new_page(viewport={"width": 1400, "height": 950}), url)
        open_gallery(lab)
        slowed = lab.page.context.new_cdp_session(lab.page)
        for name in names:
            _time_presses(lab.page, lab.show(NAMES.index(name)), 12)  # everything has come now
        for case in ("at rest", "processor four times slower", "kernel training", "kernel shut down"):
            slowed.send("Emulation.setCPUThrottlingRate", {"rate": 4 if "slower" in case else 1})
            if case == "kernel training":
                lab.page.evaluate(f"(code) => {{ {KERNEL}.requestExecute({{ code }}); }}", busy)
            if case == "kernel shut down":
                lab.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
            for name in names:
                yield name, case, _time_presses(lab.page, lab.show(NAMES.index(name)), EACH)
        lab.close()


def measure_demo(executable: str) -> tuple[float, list[float], list[float]]:
    """`make demo`: seconds to the first picture, milliseconds to show each further demo, and from key to picture."""
    from browser.demo import serve_demo
    from browser.lab import launch_browser

    from aecourse.explorers.board.demos import DEMOS

    with launch_browser(executable) as chromium, tempfile.TemporaryDirectory() as home, serve_demo(Path(home)) as url:
        page = chromium.new_page(viewport={"width": 1280, "height": 720})
        started = time.perf_counter()
        page.goto(url)
        shown = ".aecourse-stage > [data-page='{}'] .aecourse"
        page.wait_for_selector(shown.format(0), timeout=120_000)
        first = time.perf_counter() - started
        page.keyboard.press("Enter")  # the question goes, the slider comes
        page.wait_for_selector(f"{shown.format(0)} input[type=range]")
        presses = _time_presses(page, page.locator(shown.format(0)))
        turns = []
        for number in range(1, len(DEMOS)):
            page.wait_for_timeout(1_000)  # a class looks at a demo for longer; the next one is fetched meanwhile
            began = time.perf_counter()
            page.keyboard.press("PageDown")
            page.wait_for_selector(shown.format(number), timeout=60_000)
            turns.append((time.perf_counter() - began) * 1000)
        return first, turns, presses


def _time_presses(page, explorer, presses: int = PRESSES) -> list[float]:
    """Milliseconds from pressing an arrow key on an explorer's first control to the changed picture, press by press."""
    pen = explorer.locator(".aecourse-ink canvas")
    (pen if pen.count() else explorer.locator("input[type=range], [role=application]")).first.focus()
    turns = ("Right", "Down", "Left", "Up") if pen.count() else ("Right", "Left")
    times = []
    for press in range(presses):
        if pen.count() and press % 16 == 0:  # a square, four steps a side, drawn anew each time
            page.keyboard.press("Delete")
            page.keyboard.press(" ")
        explorer.evaluate(NEXT_PICTURE)
        page.keyboard.press(f"Arrow{turns[press // 4 % len(turns)]}")
        times.append(page.evaluate("window.nextPicture"))
        page.wait_for_timeout(60)
    return [time for time in times[10:] if time is not None]
