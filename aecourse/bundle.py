"""A widget's script or style sheet as one text: its own file, after those that it imports."""

from __future__ import annotations

import functools
import re
from pathlib import Path

IMPORT = re.compile(r'^(?:import \{ (.*) \} from|@import) "(\..*)";\n', re.MULTILINE)
EXPORT = re.compile(r"^export (?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
PACKED = re.compile(r"export\{(.*)\};?\s*$")  # how a packed library ends


@functools.cache
def bundle(path: Path) -> str:
    """Return a script or a style sheet with all that it imports, as anywidget and a web page take it.

    Each script keeps a scope of its own, and only its `export default` is one of the whole.
    """
    files = _in_order(path.resolve(), [])
    if path.suffix == ".css":
        return "".join(IMPORT.sub("", file.read_text("utf-8")) for file in files)
    return "".join(_in_scope(file, files) for file in files) + f"export default part{len(files) - 1}.whole;\n"


def _in_order(path: Path, before: list[Path]) -> list[Path]:
    """Return the files that one needs and then itself, each once."""
    for _, name in IMPORT.findall(path.read_text("utf-8")):
        if (needed := (path.parent / name).resolve()) not in before:
            before = _in_order(needed, before)
    return [*before, path]


def _in_scope(path: Path, files: list[Path]) -> str:
    """Return a script as a constant that holds what it exports."""
    text = path.read_text("utf-8")
    if packed := PACKED.search(text):
        names = [name.split(" as ") for name in packed[1].split(",")]
        text, given = PACKED.sub("", text), [f"{public}: {short}" for short, public in names]
    else:
        given = EXPORT.findall(text) + (["whole"] if "\nexport default " in text else [])
        text = re.sub(r"^export default ", "const whole = ", text, flags=re.MULTILINE)
        text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
        text = IMPORT.sub(lambda found: f"const {{ {found[1]} }} = {_name(path.parent / found[2], files)};\n", text)
    return f"const {_name(path, files)} = (() => {{\n{text}\nreturn {{ {', '.join(given)} }};\n}})();\n"


def _name(path: Path, files: list[Path]) -> str:
    return f"part{files.index(path.resolve())}"
