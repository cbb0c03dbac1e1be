"""Read what an explorer on a page shows."""

from __future__ import annotations

import hashlib
import re

from playwright.sync_api import Locator, expect

PICTURE = ".aecourse-rows img"


def pixels(explorer: Locator) -> str:
    """A fingerprint of the explorer's picture, drawn onto a canvas and read back."""
    data = explorer.locator(PICTURE).first.evaluate(
        """async (img) => { await img.decode();
             const canvas = document.createElement('canvas');
             canvas.width = img.naturalWidth; canvas.height = img.naturalHeight;
             const context = canvas.getContext('2d'); context.drawImage(img, 0, 0);
             return Array.from(context.getImageData(0, 0, canvas.width, canvas.height).data).join(); }"""
    )
    return hashlib.sha256(data.encode()).hexdigest()


def caption(explorer: Locator) -> str:
    """What the explorer says about its picture."""
    return explorer.locator(".aecourse-caption").inner_text()


def wait_for_caption(explorer: Locator, pattern: str) -> None:
    """Wait until the caption matches."""
    expect(explorer.locator(".aecourse-caption")).to_have_text(re.compile(pattern))
