"""What every widget of the course shares in the browser: it sleeps without a kernel, and Shift + Enter goes on."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

SHARED = Path(str(resources.files("aecourse") / "assets" / "widgets"))


def with_awake(path: Path) -> str:
    """Return a widget's own script or style sheet with the shared one of the same kind before it."""
    return "".join(file.read_text("utf-8") for file in (SHARED / f"awake{path.suffix}", path))
