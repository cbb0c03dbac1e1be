"""One server of each kind and one browser for all browser tests."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from browser.lab import PATIENCE, Lab, find_chromium, launch_browser, serve
from playwright.sync_api import Browser, BrowserContext, Page, expect

expect.set_options(timeout=1000 * PATIENCE)


@pytest.fixture(scope="session")
def lab_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running JupyterLab."""
    with serve(tmp_path_factory.mktemp("lab")) as url:
        yield url


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without one the tests fail in CI and are skipped elsewhere."""
    if (executable := find_chromium()) is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no Chromium here; on Debian: apt install chromium")
    with launch_browser(executable) as chromium:
        yield chromium


@pytest.fixture(scope="session")
def window(browser: Browser) -> BrowserContext:
    """Where all pages of JupyterLab open: its scripts are loaded and compiled once."""
    return browser.new_context(viewport={"width": 1400, "height": 950})


@pytest.fixture
def lab(window: BrowserContext, lab_url: str) -> Iterator[Lab]:
    """A fresh page on the running JupyterLab."""
    lab = Lab(window.new_page(), lab_url)
    yield lab
    lab.close()


@pytest.fixture
def blank(browser: Browser) -> Iterator[Page]:
    """An empty page."""
    page = browser.new_page()
    yield page
    page.close()
