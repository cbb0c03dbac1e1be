"""Ask axe, which looks for what keeps people from using a page."""

from __future__ import annotations

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

GRAVE = ("serious", "critical")
RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}  # the one rule axe leaves off


def faults(page: Page, within: str) -> list[str]:
    """What axe calls serious or critical inside the elements of a selector."""
    found = Axe().run(page, context=within, options=RULES).response["violations"]
    return [f"{v['id']}: {n['html'][:120]}" for v in found if v["impact"] in GRAVE for n in v["nodes"]]
