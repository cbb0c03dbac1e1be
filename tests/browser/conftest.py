"""One server and one browser for all browser tests, a fresh page for each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

sys.path.insert(0, str(Path(__file__).parent))

from lab import Lab, find_chromium, launch_browser, serve


@pytest.fixture(scope="session")
def lab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """the address of a running JupyterLab"""
    with serve(tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """headless Chromium; without one the tests fail in CI and are skipped elsewhere"""
    if (executable := find_chromium()) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium here; on Debian: apt install chromium")
    with launch_browser(executable) as chromium:
        yield chromium


@pytest.fixture
def lab(browser: Browser, lab_url: str) -> Iterator[Lab]:
    """a fresh page on the running JupyterLab"""
    context = browser.new_context(viewport={"width": 1400, "height": 950})
    page = Lab(context.new_page(), lab_url)
    yield page
    page.close()
