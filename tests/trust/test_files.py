"""What can go wrong with files: damage of every kind, places that cannot be written, a full disk, odd names."""

from __future__ import annotations

import contextlib
import errno
import functools
import gzip
import io
import itertools
import json
import lzma
import os
import pickle
import random
import resource
import stat
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

import nbformat
import numpy as np
import pytest
import safetensors.torch
import torch
from helpers.idx import idx_bytes
from helpers.paths import NOTEBOOKS
from helpers.strategies import same
from PIL import Image
from trust.rows import Row, row

from aecourse import cli
from aecourse.classroom import working_copy
from aecourse.classroom.class_report import write_class_report
from aecourse.classroom.report import write_report
from aecourse.classroom.working_copy import fresh_copy, make_working_copy
from aecourse.data import ImageSet, load_pictures
from aecourse.data.idx import IDX_FILES
from aecourse.data.mnist import load_idx_folder
from aecourse.files import write_whole
from aecourse.models import DenseAutoencoder, SparseAutoencoder
from aecourse.publisher import site
from aecourse.zoo import weights
from aecourse.zoo.weights import ENDING, SHIPPED, load_weights, read_card, save_weights

pytestmark = pytest.mark.skipif(os.name != "posix", reason="limits and rights as POSIX has them")
MNIST = SHIPPED.parent / "mnist"


def screen() -> io.TextIOWrapper:
    """What is printed on goes into memory, and must be letters."""
    return io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True)


@contextlib.contextmanager
def scratch(mode: int = 0o755) -> Iterator[Path]:
    """A folder of its own, quiet, and away from Jupyter's signatures."""
    with (
        tempfile.TemporaryDirectory() as name,
        contextlib.redirect_stdout(screen()),
        contextlib.redirect_stderr(screen()),
        mock.patch.dict(os.environ, JUPYTER_DATA_DIR=str(Path(name, "jupyter"))),
    ):
        folder = Path(name, "here")
        folder.mkdir()
        Path(name).chmod(0o755)
        folder.chmod(mode)
        yield folder


def refused(call: Callable[[], object], *names: str) -> str | None:
    """None if a call ends in a ValueError or OSError that says one of these names; else what it does."""
    try:
        call()
    except (ValueError, OSError) as error:
        return None if any(name in str(error) for name in names) else f"names nothing: {error!r}"
    except Exception as error:
        return f"escapes: {error!r}"
    return "passes in silence"


def flip(raw: bytes, rng: random.Random) -> bytes:
    """Exchange one byte."""
    place = rng.randrange(len(raw))
    return raw[:place] + bytes([raw[place] ^ rng.randrange(1, 256)]) + raw[place + 1 :]


def cut(raw: bytes, rng: random.Random) -> bytes:
    """Cut off the end."""
    return raw[: rng.randrange(len(raw))]


class Trap:
    """What touches a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (self.marker,)


def described(raw: bytes, change: Callable[[dict, dict], object]) -> bytes:
    """A weights file as another program would write it, after a change to its card and tensors."""
    metadata = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])["__metadata__"]
    card = {key: json.loads(metadata[key]) for key in ("family", "config", "recipe", "scores")}
    tensors = {name: tensor.clone() for name, tensor in safetensors.torch.load(raw).items()}
    change(card, tensors)
    return safetensors.torch.save(tensors, {key: json.dumps(value) for key, value in card.items()})


def spoil(tensors: dict, rng: random.Random) -> None:
    """Put NaN or infinity among the numbers of a tensor."""
    tensor = rng.choice([tensor for tensor in tensors.values() if tensor.is_floating_point()]).view(-1)
    tensor[rng.randrange(len(tensor))] = rng.choice([float("nan"), float("inf"), -float("inf")])


def as_pickle(marker: Path, rng: random.Random) -> bytes:
    """A trap as pickle and torch write it."""
    if rng.random() < 0.5:
        return pickle.dumps(Trap(marker), protocol=rng.randrange(6))
    buffer = io.BytesIO()
    torch.save({"weight": Trap(marker)}, buffer, _use_new_zipfile_serialization=rng.random() < 0.5)
    return buffer.getvalue()


LENGTHS = (0, 1, 7, 2**20, 2**31, 2**32 + 1, 2**63 - 1, 2**64 - 1)


def weights_damages(marker: Path) -> dict[str, Callable[[bytes, random.Random], bytes]]:
    """{what is done to a weights file: how}."""
    return {
        "cut short": cut,
        "one byte flipped": flip,
        "another version": lambda raw, rng: described(
            raw,
            lambda card, _: card.update(rng.choice([{"family": "Later"}, {"config": {"later": 1}}, {"config": [1]}])),
        ),
        "another shape": lambda raw, rng: described(
            raw,
            lambda card, _: card["config"].update(latent_dim=card["config"]["latent_dim"] + rng.choice([1, 3, 10**9])),
        ),
        "NaN": lambda raw, rng: described(raw, lambda _, tensors: spoil(tensors, rng)),
        "an absurd header": lambda raw, rng: rng.choice(LENGTHS).to_bytes(8, "little") + raw[8:],
        "a deep header": lambda raw, rng: described(raw, lambda card, _: None).replace(
            b'"recipe":"{}"', b'"recipe":"' + b"[" * 100_000 + b'"'
        ),
        "a pickle": lambda _, rng: as_pickle(marker, rng),
    }


def damaged_weights(count: int) -> Row:
    """Weights files, the learner's own and shipped ones, with one thing wrong in each."""
    rng = random.Random(0)
    with scratch() as folder:
        torch.manual_seed(0)
        marker, path = folder / "sprung", folder / "mine.safetensors"
        made = [
            save_weights(model, folder / f"{dtype}", dtype=dtype).read_bytes()
            for model in (DenseAutoencoder(4, hidden=(16,)), SparseAutoencoder(20, k=5))
            for dtype in (torch.float16, torch.float32, torch.int8)
        ]
        shipped = [SHIPPED / f"{name}{ENDING}" for name in ("dense-k2", "normal-3")]
        for file in (*shipped, SHIPPED / "SHA256SUMS"):
            (folder / file.name).write_bytes(file.read_bytes())
        damages = weights_damages(marker)

        def trial(number: int) -> str | None:
            what = list(damages)[number % len(damages)]
            ours = what in ("cut short", "one byte flipped") and number % 3 == 0
            raw = rng.choice(shipped).read_bytes() if ours else rng.choice(made)
            place = folder / rng.choice(shipped).name if ours else path
            raw = SHIPPED.joinpath(place.name).read_bytes() if ours else raw
            place.write_bytes(damages[what](raw, rng))
            said = refused(lambda: load_weights(place), place.name)
            if said == "passes in silence" and what == "one byte flipped":
                flipped, card = load_weights(place), read_card(place)
                place.write_bytes(raw)
                unharmed = same(flipped.state_dict(), load_weights(place).state_dict()) and card == read_card(place)
                said = None if unharmed else said
            return said and f"{what} ({place.name}): {said}"

        with mock.patch.object(weights, "SHIPPED", folder):
            outcomes = [trial(number) for number in range(count)]
        outcomes.append("a pickle was executed" if marker.exists() else None)
    return row(
        "Files",
        "weights cut short, one byte flipped, of another version or shape, NaN, absurd headers, pickles",
        "an error that names the file; a flipped byte is found by a checksum or changes no number; no pickle is run",
        outcomes,
    )


def test_damaged_weights():
    """A hundred of them."""
    damaged_weights(96).check()


def test_shipped_numbers_are_checked(tmp_path):
    """The checksums that lie beside the shipped files find what a file's format does not."""
    path = tmp_path / f"dense-k2{ENDING}"
    raw = bytearray(gzip.decompress((SHIPPED / path.name).read_bytes()))
    raw[-1] ^= 1
    path.write_bytes(gzip.compress(raw))
    assert load_weights(path), "elsewhere nothing tells that a number is another"
    (tmp_path / "SHA256SUMS").write_bytes((SHIPPED / "SHA256SUMS").read_bytes())
    with mock.patch.object(weights, "SHIPPED", tmp_path), pytest.raises(ValueError, match="reinstall the course"):
        load_weights("dense-k2")


def damaged_mnist(count: int) -> Row:
    """The four files of MNIST with one thing wrong; to be quick, the 10,000 test digits stand for both parts."""
    rng = random.Random(0)
    names = [Path(name).with_suffix(".xz").name for name in IDX_FILES]
    test, pack = [MNIST / name for name in names[2:]], functools.partial(lzma.compress, preset=0)
    with scratch() as folder:
        good = dict(zip(names, [file.read_bytes() for file in (*test, *test)], strict=True))

        def trial(number: int) -> str | None:
            for name, raw in good.items():
                (folder / name).write_bytes(raw)
            name = rng.choice(list(good))
            raw, pixels = good[name], np.zeros((10_000, 4, 4), np.uint8)
            what, damaged = [
                ("cut short", cut(raw, rng)),
                ("one byte flipped", flip(raw, rng)),
                ("cut inside", pack(cut(lzma.decompress(raw), rng))),
                ("another shape", pack(idx_bytes(pixels))),
                ("fewer than the others", pack(idx_bytes(np.zeros((9, 28, 28) if "im" in name else 9)))),
                ("a web page", b"<html>404 Not Found</html>"),
            ][number % 6]
            (folder / name).write_bytes(damaged)
            said = refused(lambda: load_idx_folder(folder, "cpu", "CURE", names), name)
            if said == "passes in silence" and what == "one byte flipped":
                found = load_idx_folder(folder, "cpu", "CURE", names)
                equal = [torch.equal(a.x, b.x) and torch.equal(a.y, b.y) for a, b in zip(found, whole, strict=True)]
                said = None if all(equal) else said
            return said and f"{what} ({name}): {said}"

        for name, raw in good.items():
            (folder / name).write_bytes(raw)
        whole = load_idx_folder(folder, "cpu", "CURE", names)
        outcomes = [trial(number) for number in range(count)]
    return row(
        "Files",
        "files of MNIST cut short, one byte flipped, of another shape or length, a web page instead",
        "an error that names the file and says what to do; a flipped byte is found, or changes no pixel and no label",
        outcomes,
    )


def test_damaged_mnist():
    """Two of each."""
    damaged_mnist(12).check()


PICTURES = ("png", "jpg", "gif", "bmp", "tif", "webp", "pgm", "jp2", "avif", "tga")


def picture_files() -> list[tuple[str, bytes]]:
    """(ending, content) of small pictures of every kind, and of arrays, tables and archives of some."""
    rng, files = np.random.default_rng(0), []
    for ending, mode in itertools.product(PICTURES, ("L", "RGB")):
        buffer = io.BytesIO()
        size = (int(rng.integers(4, 20)), int(rng.integers(4, 20)))
        picture = Image.fromarray(rng.integers(0, 256, (*size, 3), np.uint8)).convert(mode)
        picture.save(buffer, Image.registered_extensions()[f".{ending}"])
        files.append((ending, buffer.getvalue()))
    three = rng.integers(0, 256, (3, 28, 28), np.uint8)
    table = "\n".join(
        ["label," + ",".join(map(str, range(784))), *(f"1,{','.join(map(str, x.ravel()))}" for x in three)]
    )
    plain, packed, archive = io.BytesIO(), io.BytesIO(), io.BytesIO()
    np.save(plain, three)
    np.savez_compressed(packed, x=three, y=[1, 2, 3])
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as inside:
        for place, (ending, raw) in enumerate(files[:6]):
            inside.writestr(f"{place % 2}/{place}.{ending}", raw)
    arrays = {"npy": plain.getvalue(), "npz": packed.getvalue(), "zip": archive.getvalue(), "csv": table.encode()}
    arrays |= {
        "csv.gz": gzip.compress(table.encode()),
        "idx": idx_bytes(three),
        "idx.gz": gzip.compress(idx_bytes(three)),
    }
    return [*files, *arrays.items()]


def mutants(count: int) -> list[tuple[str, bytes]]:
    """Files of every kind, cut short or with some bytes changed, half of these near the beginning."""
    rng, seeds, made = np.random.default_rng(0), picture_files(), []
    for i in range(count):
        ending, raw = seeds[i % len(seeds)]
        changed = bytearray(raw[: rng.integers(0, len(raw))] if rng.random() < 0.4 else raw)
        for _ in range(rng.integers(1, 6) if changed else 0):
            place = int(rng.integers(len(changed)) if rng.random() < 0.5 else rng.integers(min(40, len(changed))))
            changed[place] = rng.integers(256)
        made.append((f"{i}.{ending}", bytes(changed)))
    return made


def is_sound(pictures: ImageSet) -> bool:
    """Whether these are some pictures with pixels in [0, 1] and a label each."""
    return (
        0 < len(pictures) == len(pictures.y)
        and pictures.x.shape[1] == 784
        and 0 <= pictures.x.min() <= pictures.x.max() <= 1
    )


def damaged_pictures(count: int) -> Row:
    """Mutated files one by one through `load_pictures`, and the pictures among them together, beside a good one."""
    outcomes = []
    with scratch() as folder:
        (folder / "bad").mkdir()
        (folder / "good").mkdir()
        noise = np.random.default_rng(1).integers(0, 256, (28, 28), np.uint8)
        Image.fromarray(noise).save(folder / "good" / "0.png")
        for i, (name, raw) in enumerate(mutants(count)):
            path = folder / "bad" / name
            path.write_bytes(raw)
            try:
                said = None if is_sound(load_pictures(path, as_digits=i % 2 == 1)) else "is no set of pictures"
            except (ValueError, TypeError) as error:
                said = None if path.name in str(error) or str(error).startswith("source") else f"not named: {error!r}"
            except Exception as error:
                said = f"escapes: {error!r}"
            outcomes.append(said and f"{name}: {said}")
        for as_digits in (False, True):
            pictures = load_pictures(folder, as_digits=as_digits)
            good = pictures.x[pictures.y == pictures.names.index("good")]
            kept = len(good) == 1 and (as_digits or np.array_equal((good[0] * 255).round().numpy(), noise.ravel()))
            outcomes.append(None if kept and is_sound(pictures) else "the good picture beside them was lost or changed")
    return row(
        "Files",
        "pictures, ZIPs, CSV, NumPy and IDX files with bytes changed or cut off, given to load_pictures",
        "read, or an error that names the file; in a folder the others are read, and the good one is unchanged",
        outcomes,
    )


def test_damaged_pictures():
    """Some of each kind; `make soak` takes 10,000."""
    damaged_pictures(540).check()


# Places


def tiny(latent_dim: int = 4) -> DenseAutoencoder:
    """A small network, the same each time."""
    torch.manual_seed(0)
    return DenseAutoencoder(latent_dim, hidden=(16,))


@functools.cache
def sources() -> Path:
    """A folder with one notebook of the course, as a learner's and as a class's."""
    folder = Path(tempfile.mkdtemp())
    for path in (folder / "notebooks", folder / "class" / "Ada"):
        path.mkdir(parents=True)
        (path / NOTEBOOKS[0].name).write_bytes(NOTEBOOKS[0].read_bytes())
    (folder / "images").mkdir()
    (folder / "images" / "a.svg").write_text("<svg/>" * 999)
    for name in ("", "notebooks", "images", "class", "class/Ada"):
        (folder / name).chmod(0o755)
    return folder


def small_course() -> contextlib.AbstractContextManager:
    """A course of one notebook and one diagram, to be quick."""
    return mock.patch.object(working_copy, "shipped_folder", lambda: sources() / "notebooks")


def write_site(folder: Path) -> Path:
    """The site, of one page."""

    def pages(root: Path, source: Path, to: Path, repository: str) -> None:
        to.mkdir()
        (to / "board.html").write_bytes(b"page" * 9_999)

    root = NOTEBOOKS[0].parents[1]
    with mock.patch.object(site, "_write_pages", pages):
        site.write_site(root, folder / "site")
    return folder / "site"


# {what writes: how it writes into a folder}
WRITERS: dict[str, Callable[[Path], Path]] = {
    "save_weights": lambda folder: save_weights(tiny(), folder / "mine.safetensors"),
    "the working copy": lambda folder: make_working_copy(folder / "work"),
    "aecourse fresh": lambda folder: fresh_copy(folder / "work", "00"),
    "aecourse report": lambda folder: write_report(sources() / "notebooks", folder / "report.html"),
    "aecourse report --class": lambda folder: write_class_report(sources() / "class", folder / "class.html"),
    "aecourse site": write_site,
}


def files_of(folder: Path) -> dict[str, bytes]:
    """{path: content} of all files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextlib.contextmanager
def disk_of(limit: int) -> Iterator[None]:
    """No file can grow beyond so many bytes: the system itself ends the write half-way, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def is_whole(name: str, raw: bytes) -> bool:
    """Whether a file that was written on a full disk was written to its end."""
    if name.endswith(".ipynb"):
        nbformat.reads(raw.decode(), as_version=4)
    return name.endswith((".ipynb", ".csv")) or raw == files_of(sources()).get(f"images/{Path(name).name}")


def full_disk(count: int) -> Row:
    """Each writer on a disk that is full after some bytes, in an empty folder and over an earlier result."""
    rng = random.Random(0)
    sources()

    def trial(number: int) -> str | None:
        what = list(WRITERS)[number % len(WRITERS)]
        with scratch() as folder, small_course():
            if number // len(WRITERS) % 2:
                WRITERS[what](folder)
                for svg in (folder / "work" / "images").glob("*"):
                    svg.write_text("an earlier edition")
                for notebook in (folder / "work" / "notebooks").glob("00_start_here.ipynb"):
                    notebook.write_text("my own")
            before, limit = files_of(folder), rng.randrange(3_000)
            with disk_of(limit):
                said = refused(lambda: WRITERS[what](folder), str(folder), "site")
            after = files_of(folder)
            changed = [name for name in before if before[name] != after.get(name)]
            broken = [name for name in after.keys() - before.keys() if not is_whole(name, after[name])]
            WRITERS[what](folder)  # there is room again
            if said or changed or broken or any(name.endswith(".part") for name in after):
                return f"{what}, full after {limit} bytes: {said}; changed {changed}, broken {broken}, of {[*after]}"
        return None

    outcomes = [trial(number) for number in range(count)]
    return row(
        "Files",
        "a disk that is full half-way, under save_weights, working copies, reports and the site",
        "an error that names the place; what was there is unchanged, nothing is left half-written, and it works later",
        outcomes,
    )


def test_full_disk():
    """Each writer twice."""
    full_disk(2 * len(WRITERS)).check()


def test_a_device_stays_a_device(capsys):
    """/dev/full is always full; nothing takes its place, though root might."""
    device = Path("/dev/full")
    assert "No space left" in (refusal(lambda: save_weights(tiny(), device)))
    assert cli.main(["report", "--folder", str(sources() / "notebooks"), "--to", str(device)]) == 1
    assert "/dev/full: No space left" in capsys.readouterr().err
    assert stat.S_ISCHR(device.stat().st_mode)
    with pytest.raises(OSError, match="/dev/full") as caught:
        write_whole(device, b"x")
    assert caught.value.errno == errno.ENOSPC


def refusal(call: Callable[[], object]) -> str:
    """The words of a ValueError."""
    with pytest.raises(ValueError) as caught:
        call()
    return str(caught.value)


def test_a_foreign_folder_is_no_place_for_the_site(tmp_path):
    """What lies in it would be gone."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "thesis.txt").write_text("mine")
    assert "new folder" in refusal(lambda: write_site(tmp_path))
    assert (tmp_path / "site" / "thesis.txt").read_text() == "mine"


@contextlib.contextmanager
def somebody() -> Iterator[None]:
    """Without the rights of root, for whom no folder is read-only."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def read_only(count: int) -> Row:
    """Each writer in a folder that may only be read, and in one of the system's where nobody can write."""
    sources()
    with scratch() as folder, small_course():
        for write in WRITERS.values():
            write(folder)  # all modules are loaded while it is allowed

    def trial(number: int) -> str | None:
        what = list(WRITERS)[number % len(WRITERS)]
        with small_course(), scratch(0o555) as folder:
            place = Path("/proc/self") if number // len(WRITERS) % 2 else folder
            with somebody():
                said = refused(lambda: WRITERS[what](place), str(place.resolve()), str(place), "site")
            left = list(folder.iterdir())
        return f"{what} in {place}: {said or ''} {left}" if said or left else None

    return row(
        "Files",
        "a folder that may only be read, under save_weights, working copies, reports and the site",
        "an error that names the place; nothing is left there",
        [trial(number) for number in range(count)],
    )


def test_read_only():
    """Each writer at both places."""
    read_only(2 * len(WRITERS)).check()


def test_a_closed_folder_among_pictures(tmp_path, capsys):
    """It is named, and the others are read."""
    with scratch() as folder:
        for name in ("cat", "closed"):
            (folder / name).mkdir()
            Image.new("L", (28, 28), 99).save(folder / name / "1.png")
        (folder / "closed").chmod(0)
        with somebody(), contextlib.redirect_stdout(io.StringIO()) as said:
            assert len(load_pictures(folder)) == 1
        assert "left out closed/ (may not be opened)" in said.getvalue()
        (folder / "closed").chmod(0o755)


PIECES = (
    "Gerät", "自编码", "ä", "a b", " ", "it's", 'say "hi"', "$(touch sprung)", "`touch sprung`", "-rf", ";", "&", "|",
    "%2e", "#1", "~mine", "\t", "\n", "\udcff", "{0}", "%s", "[1]", "*", "?", "<b>", "\\", "C:", "x..", "\x1b[31m",
    "x" * 60,
)  # fmt: skip


def strange_names(count: int) -> Row:
    """Everything that takes a path, in folders with random pieces of strange names."""
    rng = random.Random(0)

    def trial(_: int) -> str | None:
        name = "".join(rng.sample(PIECES, rng.randrange(1, 4))).strip("/")
        with scratch() as outside, small_course(), contextlib.redirect_stdout(screen()) as said:
            folder = outside / name
            folder.mkdir()
            try:
                with contextlib.chdir(folder):
                    model = tiny()
                    for path in (folder / f"{name}.safetensors", Path(f"{name}.x")):
                        assert same(
                            load_weights(save_weights(model, path, dtype=torch.float32)).state_dict(),
                            model.state_dict(),
                        )
                    Path("pictures", name).mkdir(parents=True)
                    Image.new("L", (28, 28), 99).save(Path("pictures", name, f"{name}.png"))
                    Path("pictures", name, f"{name} bad.png").write_bytes(b"bad")
                    for place in ("pictures", folder / "pictures", Path("pictures", name, f"{name}.png")):
                        assert len(load_pictures(place)) == 1
                    assert b"left out" in said.buffer.getvalue()
                    assert cli.main(["fresh", "00"]) == 0
                    assert cli.main(["report", f"--name={name}", "--to", f"./{name}.html"]) == 0
                    assert cli.main(["report", "--class", "..", "--to", f"./{name}.html"]) == 0
                    notebooks = sorted(path.name for path in Path("work", "notebooks").iterdir())
                    assert notebooks == ["00_start_here.ipynb", "00_start_here_fresh.ipynb"], notebooks
                    assert not list(outside.rglob("sprung")), "the name was executed"
            except Exception as error:
                return f"{name!r}: {error!r}"
        return None

    return row(
        "Files",
        "paths with spaces, quotes, other scripts, shell commands, line breaks and bytes that are no letters",
        "weights, pictures, working copies and reports are read and written there as anywhere",
        [trial(number) for number in range(count)],
    )


def test_strange_names():
    """A dozen; with `make soak` hundreds."""
    strange_names(12).check()


HOMES = ({"HOME": "/proc/nowhere"}, {"HOME": None}, {"HOME": ""}, {"HOME": "relative", "MPLCONFIGDIR": "/proc/nowhere"})
CODE = """
import aecourse, matplotlib.pyplot
from aecourse.data import load_fashion_mnist, load_mnist, load_pictures
from aecourse.plotting import plot_image
from aecourse.zoo import load_weights
for call, words in ((lambda: load_pictures("~/none"), "none"), (lambda: load_fashion_mnist(download=False), "Fashion")):
    try:
        call()
    except (ValueError, FileNotFoundError) as error:
        assert words in str(error), error
plot_image(load_weights("dense-k2")(load_mnist()[1].x[:1]).detach().view(28, 28))
print("drawn")
"""


def no_home(count: int) -> Row:
    """Commands and a cell of a notebook in a process whose home folder is missing, not there, empty or relative."""
    report = ("-m", "aecourse", "report", "--folder", str(NOTEBOOKS[0].parent), "--to", "report.html")
    cases = itertools.product(HOMES, [("-m", "aecourse", "fresh", "03"), report, ("-c", CODE)])

    def trial(case: tuple) -> str | None:
        home, command = case
        with scratch() as folder:
            ours = {name: value for name, value in os.environ.items() if name != "JUPYTER_DATA_DIR"} | home
            environment = {name: value for name, value in ours.items() if value is not None}
            done = subprocess.run(
                [sys.executable, *command], cwd=folder, env=environment, capture_output=True, text=True
            )
        said = done.stderr.strip().splitlines()
        right = (
            done.returncode == 0
            and done.stdout.split()[0] in ("Untouched:", "Wrote", "drawn")
            and "Traceback" not in done.stderr
        )
        return None if right else f"{command[:4]} with {home}: {said[-1:] or done.stdout}"

    return row(
        "Files",
        "no home folder: HOME unset, empty, relative, or where nothing can be made",
        "notebooks are copied, reports written, weights and pictures read, figures drawn",
        map(trial, itertools.islice(itertools.cycle(cases), count)),
    )


@pytest.mark.slow
def test_no_home():
    """Each once with a missing one."""
    no_home(3).check()


def test_lab_without_a_home(monkeypatch, capsys):
    """JupyterLab itself needs one: that is said in a line, before it starts."""
    monkeypatch.setenv("HOME", "/proc/nowhere")
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "XDG_RUNTIME_DIR", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(cli, "_become", lambda _: pytest.fail("it was started"))
    assert cli.main(["lab"]) == 1
    assert capsys.readouterr().err.startswith("HOME must be a folder that can be written; /proc/nowhere")


def elsewhere(count: int) -> Row:
    """The set-up cells of notebooks, run in a folder that has nothing of the course."""

    def trial(path: Path) -> str | None:
        cells = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
        before = next((i for i, cell in enumerate(cells) if "pick_device()" in cell), 0)
        with scratch() as folder, contextlib.chdir(folder):
            try:
                exec("\n".join(cells[: before + 1]), {"__name__": "__main__"})
            except Exception as error:
                return f"{path.name}: {error!r}"
            left = [path.name for path in folder.iterdir()]
        return f"{path.name} leaves {left}" if left else None

    return row(
        "Files",
        "the set-up cell of each notebook, run from another folder",
        "it finds what it needs, and writes nothing there",
        map(trial, itertools.islice(itertools.cycle(NOTEBOOKS), count)),
    )


def test_elsewhere():
    """Every notebook; no cell of them names a path that begins where the notebook lies."""
    elsewhere(len(NOTEBOOKS)).check()
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            assert cell.cell_type != "code" or "../" not in cell.source
