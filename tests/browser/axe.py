"""Ask axe, which looks for what keeps people from using a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}  # the one rule axe leaves off
# An explorer names its sliders' handles a moment after it comes onto the page.
NAMED = """(within) => [...document.querySelectorAll(`${within} .noUi-handle`)].every(
    (handle) => handle.ariaLabel || !handle.checkVisibility())"""


def faults(page: Page, within: str) -> list[str]:
    """What axe calls serious or critical inside the elements of a selector."""
    page.wait_for_function(NAMED, arg=within)
    found = Axe().run(page, context=within, options=RULES).response["violations"]
    return [f"{v['id']}: {n['html'][:120]}" for v in found if v["impact"] in GRAVE for n in v["nodes"]]
