"""What a slider event costs: in the kernel, in memory, and from key press to picture in JupyterLab."""

from __future__ import annotations

import functools
import gc
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

EVENTS = 1_000
PRESSES = 120

# Resolves with the milliseconds from the next key press to the moment the changed picture has been painted.
NEXT_PICTURE = """
(explorer) => { window.nextPicture = new Promise((resolve) => {
  let pressed = null;
  const before = explorer.querySelector('.aecourse-rows img').src;
  window.addEventListener('keydown', () => { pressed = performance.now(); }, { capture: true, once: true });
  const observer = new MutationObserver(async () => {
    const image = explorer.querySelector('.aecourse-rows img');
    if (!image || image.src === before) return;
    observer.disconnect();
    await image.decode();
    requestAnimationFrame(() => resolve(performance.now() - pressed));
  });
  observer.observe(explorer, { subtree: true, childList: true, attributes: true });
}); }
"""


def measure() -> Iterator[tuple[str, list[float], float]]:
    """Explorer, milliseconds of each of 1,000 events, megabytes that stayed; an event moves any one control."""
    import aecourse

    aecourse.pick_device()
    rng = random.Random(0)
    bottleneck, latent_map = aecourse.BottleneckExplorer(), aecourse.LatentMapExplorer()
    generator = aecourse.GeneratorExplorer()

    def move_k() -> None:
        bottleneck.k.value = rng.choice([k for k in range(1, 65) if k != bottleneck.k.value])

    def move_point() -> None:
        latent_map.picker.value = [rng.random(), rng.random()]

    cases = {"BottleneckExplorer, k": move_k, "LatentMapExplorer, pad": move_point}
    wanderers = {
        "DrawingPad": aecourse.DrawingPad(),
        "StackExplorer": aecourse.StackExplorer(),
        "SparsityExplorer": aecourse.SparsityExplorer(),
        "RepairExplorer": aecourse.RepairExplorer(),
        "ContractionExplorer": aecourse.ContractionExplorer(),
        **{f"GeneratorExplorer, {mode}": panel for mode, panel in generator.panels.items()},
    }
    cases |= {name: functools.partial(_move_any, explorer, rng) for name, explorer in wanderers.items()}
    for name, event in cases.items():
        yield name, *_time_events(event)


def _move_any(explorer, rng: random.Random) -> None:
    """Give one control of an explorer another value."""
    control = rng.choice(list(explorer.controls.values()))
    if hasattr(control, "options"):
        control.value = rng.choice([value for _, value in control._options_full if value != control.value])
    elif isinstance(control.value, bytes):
        side = control.side
        end = rng.randrange(30 * side, 50 * side)
        ink = bytes(255 if 30 < i // side < 50 and 10 < i % side < 60 else 0 for i in range(end))
        control.value = ink + bytes(side * side - end)
    elif isinstance(control.value, tuple):
        control.value = tuple(rng.uniform(low, high) for low, high in zip(control.min, control.max, strict=True))
    else:
        control.value = type(control.value)(rng.uniform(control.min, control.max))


def _time_events(event) -> tuple[list[float], float]:
    for _ in range(50):  # warm up
        event()
    gc.collect()
    before = psutil.Process().memory_info().rss
    times = []
    for _ in range(EVENTS):
        started = time.perf_counter()
        event()
        times.append((time.perf_counter() - started) * 1000)
    gc.collect()
    return times, (psutil.Process().memory_info().rss - before) / 1e6


def measure_in_browser(executable: str) -> list[float]:
    """Milliseconds from pressing an arrow key on notebook 03's slider to the changed picture, press by press."""
    from lab import Lab, launch_browser, serve

    with tempfile.TemporaryDirectory() as home, serve(Path(home)) as url, launch_browser(executable) as chromium:
        lab = Lab(chromium.new_page(viewport={"width": 1400, "height": 950}), url)
        lab.open("03_undercomplete_vs_pca.ipynb")
        lab.run_all()
        explorer = lab.page.locator(".aecourse", has_text="set of ten digits").first
        explorer.scroll_into_view_if_needed()
        return _time_presses(lab.page, explorer)


def measure_demo(executable: str) -> tuple[float, list[float], list[float]]:
    """`make demo`: seconds to the first picture, milliseconds to show each further demo, and from key to picture."""
    from demo import serve_demo
    from lab import launch_browser

    from aecourse.explorers.board.demos import DEMOS

    with launch_browser(executable) as chromium, tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        with serve_demo(Path(home)) as url:
            page = chromium.new_page(viewport={"width": 1280, "height": 720})
            page.goto(url)
            shown = ".aecourse-stage > .aecourse[data-page='{}']"
            page.wait_for_selector(shown.format(0), timeout=120_000)
            first = time.perf_counter() - started
            presses = _time_presses(page, page.locator(shown.format(0)))
            turns = []
            for number in range(1, len(DEMOS)):
                page.wait_for_timeout(4_000)  # a class looks at a demo for longer; the next one is built meanwhile
                began = time.perf_counter()
                page.keyboard.press("PageDown")
                page.wait_for_selector(shown.format(number), timeout=60_000)
                turns.append((time.perf_counter() - began) * 1000)
            return first, turns, presses


def _time_presses(page, explorer) -> list[float]:
    """Milliseconds from pressing an arrow key on an explorer's first slider to the changed picture, press by press."""
    explorer.locator(".noUi-handle").first.focus()
    times = []
    for press in range(PRESSES):
        explorer.evaluate(NEXT_PICTURE)
        page.keyboard.press("ArrowRight" if press // 30 % 2 == 0 else "ArrowLeft")
        times.append(page.evaluate("window.nextPicture"))
        page.wait_for_timeout(60)
    return times[10:]
