"""One text from several scripts: each keeps its own names, a library its short ones, and only one thing is exported."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from helpers.node import NODE
from helpers.paths import ROOT

from aecourse.bundle import bundle

SCRIPTS = sorted(
    path
    for path in (ROOT / "aecourse").rglob("*.js")
    if "export default" in path.read_text("utf-8") and path.parent.name != "vendor"
)


def write(folder: Path, **files: str) -> Path:
    """Some scripts in a folder; the last is the one to bundle."""
    for name, text in files.items():
        (folder / f"{name}.js").write_text(text)
    return folder / f"{list(files)[-1]}.js"


def test_names_do_not_meet(tmp_path):
    """Two files with a `k` of their own, one that imports from both, and a packed library."""
    (tmp_path / "vendor").mkdir()
    (tmp_path / "vendor" / "packed.js").write_text("const k=1;function a(){return k}export{a as one};\n")
    whole = write(
        tmp_path,
        two='import { one } from "./vendor/packed.js";\nconst k = 2;\nexport const two = () => one() + k;\n',
        three='import { two } from "./two.js";\nconst k = 10;\nexport async function three() { return two() + k; }\n',
        top='import { two } from "./two.js";\nimport { three } from "./three.js";\nexport default { two, three };\n',
    )
    (tmp_path / "out.mjs").write_text(bundle(whole) + "export const other = 1;\n")
    code = 'import("./out.mjs").then(async ({ default: d }) => console.log(d.two(), await d.three()))'
    run = subprocess.run([NODE, "-e", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["3", "13"]


def test_style_sheets_join(tmp_path):
    """An imported style sheet comes first."""
    (tmp_path / "a.css").write_text("a { color: red; }\n")
    (tmp_path / "b.css").write_text('@import "./a.css";\nb { color: blue; }\n')
    assert bundle(tmp_path / "b.css") == "a { color: red; }\nb { color: blue; }\n"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_our_scripts_are_whole(path):
    """No import is left, one export, and what is imported is there."""
    text = bundle(path)
    assert not re.search(r"^import ", text, re.MULTILINE)
    assert len(re.findall(r"^export ", text, re.MULTILINE)) == 1
    run = subprocess.run([NODE, "--input-type=module", "--check"], input=text, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    for names, part in re.findall(r"^const \{ (.*) \} = (part\d+);$", text, re.MULTILINE):
        (given,) = re.findall(rf"^const {part} = .*?^return \{{ ([^{{}}]*) \}};$", text, re.MULTILINE | re.DOTALL)[:1]
        assert set(names.split(", ")) <= {name.split(":")[0].strip() for name in given.split(",")}, (part, names)
