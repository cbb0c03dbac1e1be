"""Read what an explorer on a page shows."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

SLIDER = "input[type=range]"
# every picture that can be seen, as one text
PICTURES = """(explorer) => [...explorer.querySelectorAll('canvas, img')].filter((node) => node.checkVisibility())
    .map((node) => node.src ?? node.toDataURL()).join()"""


def pixels(explorer: Locator) -> str:
    """What the explorer's picture looks like."""
    return explorer.locator(".aecourse-mosaic").first.evaluate("(canvas) => canvas.toDataURL()")


def caption(explorer: Locator) -> str:
    """What the explorer says about its picture."""
    return explorer.locator(".aecourse-caption").first.inner_text()


def answers(explorer: Locator, times: int) -> bool:
    """Whether so many keys on the first slider change picture and caption as many times."""
    slider, seen = explorer.locator(SLIDER).first, [(pixels(explorer), caption(explorer))]
    slider.focus()
    for _ in range(times):
        explorer.page.keyboard.press("ArrowRight")
        seen.append((pixels(explorer), caption(explorer)))
    return all(len(set(each)) == times + 1 for each in zip(*seen, strict=True))


def wait_for_caption(explorer: Locator, pattern: str) -> None:
    """Wait until the caption matches."""
    expect(explorer.locator(".aecourse-caption").first).to_have_text(re.compile(pattern))
