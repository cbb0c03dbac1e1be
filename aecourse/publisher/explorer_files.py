"""The explorers and the demo board as files that a page shows without Python: scripts, settings, data."""

from __future__ import annotations

import functools
import hashlib
import inspect
import io
import json
import re
import shutil
import zlib
from collections.abc import Mapping
from pathlib import Path

from PIL import Image

from aecourse import explorers
from aecourse.bundle import bundle, with_imports
from aecourse.explorers import TrainingExplorer
from aecourse.explorers.base import page
from aecourse.explorers.base.network import pack, pack_images
from aecourse.explorers.base.page import Explorer
from aecourse.explorers.base.trainer import REPEATS
from aecourse.explorers.board import board
from aecourse.explorers.board.demos import DEMOS
from aecourse.explorers.training_setups import matchsticks
from aecourse.files import write_whole
from aecourse.zoo import load_split

TRAINING = {"digits": "training", "matchsticks": "matchsticks"}  # what is learnt, and the folder
ROWS = "rows to train on"
SCRIPTS, BOARD = Path(page.__file__).parent, Path(board.__file__).parent


def write_board(folder: Path) -> None:
    """Write the demo board as a page, and the explorers beside it."""
    check_place(folder)
    shutil.rmtree(folder / "explorers", ignore_errors=True)
    write_explorers(folder / "explorers")
    demos = []
    for demo in DEMOS:
        explorer = demo.build()
        words = {"explorer": folder_name(type(explorer)), "settings": other_settings(explorer)}
        demos.append(demo.in_words() | words)
    (folder / "board.json").write_text(json.dumps({"demos": demos}), encoding="utf-8")
    for file in (BOARD / "board.js", BOARD / "board.css", SCRIPTS / "page.css"):
        (folder / file.name).write_text(bundle(file), encoding="utf-8")
    for file in (BOARD / "board_page.js", SCRIPTS / "host.js", BOARD / "board.html"):
        write_whole(folder / file.name, file.read_bytes())  # the page last: then it is complete


def check_place(folder: Path) -> None:
    """Raise an error unless a folder is new, empty, or holds a board or site: its content will be replaced."""
    ours = ("board.html", "explorers/data")
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).exists() for name in ours):
        raise ValueError(f"to must be a new folder, an empty one, or one that holds a site; {folder} has other files")


def shown_explorers() -> dict[str, type[Explorer]]:
    """Return {name of the folder: explorer} for all explorers that the page computes."""
    kinds = (getattr(explorers, name) for name in explorers.__all__)
    computed = (kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Explorer))
    found = (kind for kind in computed if kind.rows is not Explorer.rows)  # the others need a kernel
    return {folder_name(kind): kind for kind in found}


def folder_name(kind: type) -> str:
    """Return "latent-map" for LatentMapExplorer."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind.__name__.removesuffix("Explorer")).lower()


@functools.cache
def built(name: str) -> Explorer:
    """Return an explorer as it is on the site before anybody changes a control."""
    return shown_explorers()[name]()


def other_settings(explorer: Explorer) -> dict[str, object]:
    """Return the settings of an explorer that differ from those of the site."""
    settings = explorer.settings()
    before = built(folder_name(type(explorer))).settings() if settings else {}
    return {trait: value for trait, value in settings.items() if value != before[trait]}


def write_explorers(folder: Path) -> None:
    """Write the scripts of all explorers; and for each its traits, its data and a still, into a folder of its own."""
    for name in shown_explorers():
        explorer = built(name)
        state = {trait: None if isinstance(value, bytes) else value for trait, value in explorer.settings().items()}
        everything = explorer.assets | {later: make() for later, make in explorer.later.items()}
        state |= {"controls": list(explorer.controls), "setup": explorer.setup, "assets": list(explorer.assets)}
        if name == "bottleneck":  # what its panel trains is what the page can train
            state["trains"], everything[ROWS] = what_trains("digits")
        _write(folder, name, explorer, state, everything)
    for data, name in TRAINING.items():
        trains, rows = what_trains(data)
        state = {"controls": [], "setup": {}, "assets": [], "trains": trains | {"open": True}}
        _write(folder, name, _training(data), state, {ROWS: rows})
    for script in ("train_here.js", "train_worker.js"):
        _write_script(SCRIPTS / script, folder)


@functools.cache
def _training(data: str) -> TrainingExplorer:
    return TrainingExplorer(data=data)


@functools.cache
def what_trains(data: str) -> tuple[dict, bytes]:
    """Return the words and the network of a training panel, and the rows to train on, fewer than the kernel has."""
    explorer = _training(data)
    panel = {
        name: explorer.training[name]
        for name in ("setting", "label", "options", "rates", "most", "loss", "epochs", "lr")
    }
    if data == "matchsticks":
        things = explorer.trainer.setup.things
        rows = {"shown": things, "x": things.repeat(REPEATS, 1), "strokes": matchsticks()}
        network = {"sizes": [7, None, 7], "activations": ["tanh", "sigmoid"], "learnt": "ten digits of matchsticks"}
    else:
        fitting, valid = load_split()
        rows = {"shown": explorer.images.ten(1), "x": fitting.x[:2_000], "valid": valid.x[:500]}
        activations = ["gelu", None, "gelu", "sigmoid"]
        network = {"sizes": [784, 64, None, 64, 784], "activations": activations, "learnt": "2,000 digits"}
    return panel | network, pack({name: pack_images(x) for name, x in rows.items()})


def _write(folder: Path, name: str, explorer: Explorer, state: Mapping, data: Mapping[str, bytes]) -> None:
    """Write an explorer's script, and its traits, its data and a still into its folder."""
    files = {asset: _write_data(raw, folder) for asset, raw in data.items()}
    script = _write_script(Path(inspect.getfile(type(explorer))).with_suffix(".js"), folder)
    (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / name / "state.json").write_text(json.dumps(state | {"script": script, "files": files}), encoding="utf-8")
    write_still(explorer.static_png(), folder / name / "still.webp")


def _write_script(script: Path, folder: Path) -> str:
    """Write a script and those that it imports, as they are: what two import is fetched once; return its path."""
    package = SCRIPTS.resolve().parents[1]
    for file in with_imports(script.resolve()):
        copy = folder / "scripts" / file.relative_to(package)
        if not copy.exists():
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
    return script.resolve().relative_to(package).as_posix()


def write_webp(png: bytes, file: Path) -> None:
    """Write a picture as lossless WebP, a third smaller than PNG."""
    Image.open(io.BytesIO(png)).save(file, "webp", lossless=True)


def write_still(png: bytes, file: Path) -> None:
    """Write the picture of an explorer that is seen until the live one is there, in 256 colours."""
    Image.open(io.BytesIO(png)).convert("RGB").quantize().convert("RGB").save(file, "webp", lossless=True)


def _write_data(data: bytes, folder: Path) -> str:
    """Write packed bytes, named after their hash so that explorers can share them; return the path."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    file = folder / "data" / f"{hashlib.sha256(data).hexdigest()[:16]}.gz"
    if not file.exists():
        packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS, strategy=zlib.Z_FILTERED)  # gzip, for weights
        file.write_bytes(packer.compress(data) + packer.flush())
    return f"../data/{file.name}"
