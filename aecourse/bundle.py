"""A widget's script or style sheet as one text: its own file, after those that it imports."""

from __future__ import annotations

import functools
import re
from pathlib import Path

IMPORT = re.compile(r'^(?:import .* from|@import) "(\..*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?!default)", re.MULTILINE)
PACKED = re.compile(r"export\{(.*)\};?\s*$")  # how a packed library ends


@functools.cache
def bundle(path: Path) -> str:
    """Return a script or a style sheet with all that it imports, as anywidget and a web page take it.

    Our own scripts share one scope then, so no two of them may give one name to different things; a packed library, in
    a folder "vendor", keeps its short names to itself.
    """
    return "".join(map(_without_imports, _in_order(path.resolve(), [])))


def _in_order(path: Path, before: list[Path]) -> list[Path]:
    """Return the files that one needs and then itself, each once."""
    for name in IMPORT.findall(path.read_text("utf-8")):
        if (needed := (path.parent / name).resolve()) not in before:
            before = _in_order(needed, before)
    return [*before, path]


def _without_imports(path: Path) -> str:
    text = path.read_text("utf-8")
    if path.parent.name != "vendor":
        return EXPORT.sub("", IMPORT.sub("", text))
    names = [name.split(" as ") for name in PACKED.search(text)[1].split(",")]
    inside = PACKED.sub(lambda _: f"return {{{', '.join(f'{public}: {short}' for short, public in names)}}};", text)
    return f"const {{ {', '.join(public for _, public in names)} }} = (() => {{{inside}}})();\n"
