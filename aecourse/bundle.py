"""A widget's script or style sheet as one text: the files that it imports, then its own."""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

IMPORT = re.compile(r'^(?:import \{ (.*) \} from|@import) "(\..*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
PACKED = re.compile(r"export\{(.*)\};?\s*$")  # how a minified library ends


@functools.cache
def bundle(path: Path) -> str:
    """Return a script or a style sheet with all that it imports, as one text for anywidget and web pages.

    Each script keeps its own scope; only the `export default` of `path` is exported.
    """
    path = path.resolve()
    files = with_imports(path)
    if path.suffix == ".css":
        return "".join(IMPORT.sub("", file.read_text("utf-8")) for file in files)
    return "".join(map(_in_scope, files)) + f"export default {_name(path)}.whole;\n"


@functools.cache
def _imports(path: Path) -> tuple[Path, ...]:
    return tuple((path.parent / name).resolve() for _, name in IMPORT.findall(path.read_text("utf-8")))


def with_imports(path: Path, before: Sequence[Path] = ()) -> list[Path]:
    """Return some files, then those that a script or style sheet imports, then itself: each once, after its needs."""
    for needed in _imports(path):
        if needed not in before:
            before = with_imports(needed, before)
    return [*before, path]


@functools.cache
def _in_scope(path: Path) -> str:
    """Return a script as a constant that holds what it exports; many bundles share it."""
    text = path.read_text("utf-8")
    if packed := PACKED.search(text):
        names = [name.split(" as ") for name in packed[1].split(",")]
        text, given = PACKED.sub("", text), [f"{public}: {short}" for short, public in names]
    else:
        given = EXPORT.findall(text) + (["whole"] if "\nexport default " in text else [])
        text = re.sub(r"^export default ", "const whole = ", text, flags=re.MULTILINE)
        text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
        text = IMPORT.sub(lambda found: f"const {{ {found[1]} }} = {_name(path.parent / found[2])};\n", text)
    return f"const {_name(path)} = (() => {{\n{text}\nreturn {{ {', '.join(given)} }};\n}})();\n"


def _name(path: Path) -> str:
    """Return the name of a script's constant: the same in every bundle, wherever the package is installed."""
    return f"part{zlib.crc32('/'.join(path.resolve().parts[-2:]).encode())}"
