"""The course as a wheel: built, installed into a new environment, used in a folder that has nothing of the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

import pytest
from helpers.paths import NOTEBOOKS, ROOT
from packaging.requirements import Requirement

from aecourse.bundle import with_imports

pytestmark = pytest.mark.slow

MEGABYTES = 60
BORROWED = ("torch",)  # gigabytes, which are not installed twice: the new environment looks for them in this one
PATIENCE = int(os.environ.get("AECOURSE_PATIENCE", 600))  # seconds


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, made from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    return next(folder.glob("*.whl"))


class Learner:
    """A new environment with the wheel in it, and an empty folder."""

    def __init__(self, wheel: Path, place: Path) -> None:
        self.folder = place / "Ada's course 自编码"
        self.folder.mkdir()
        venv.create(place / "environment", symlinks=os.name == "posix")
        self.bin = place / "environment" / ("bin" if os.name == "posix" else "Scripts")
        self.python = self.bin / "python"
        needed = [Requirement(words) for words in metadata.requires("aecourse")]
        names = [r.name for r in needed if r.marker is None and r.name not in BORROWED]
        uv = shutil.which("uv")
        tool = [uv, "pip", "install"] if uv else [sys.executable, "-m", "pip", "--python", self.python, "install"]
        to = ["--quiet", "--python", self.python] if uv else ["--quiet"]
        subprocess.run([*tool, *to, *(f"{name}=={metadata.version(name)}" for name in names)], check=True)
        subprocess.run([*tool, *to, "--no-deps", wheel], check=True)
        self.packages = Path(self.ask("import sysconfig; print(sysconfig.get_path('purelib'))"))
        borrowed = Path(str(metadata.distribution("torch").locate_file("")))
        (self.packages / "borrowed.pth").write_text(f"{borrowed}\n", encoding="utf-8")  # looked at last

    def environment(self, **more: str) -> dict[str, str]:
        """What a terminal has, without what this test run has set."""
        ours = ("PYTEST", "PYTHON", "VIRTUAL_ENV", "AECOURSE", "JUPYTER")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | more

    def call(self, *words: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment in the folder."""
        return subprocess.run(
            [self.bin / words[0], *words[1:]], cwd=self.folder, env=self.environment(**more), capture_output=True,
            encoding="utf-8", check=False, timeout=2 * PATIENCE,
        )  # fmt: skip

    def ask(self, program: str) -> str:
        """What a Python program prints."""
        done = self.call("python", "-c", program)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def serving(self, *words: str, says: str) -> Iterator[str]:
        """A command that serves until the block ends; the part of its output that fits the pattern."""
        log = self.folder.parent / f"{words[0]}.log"
        with log.open("w") as file:
            server = subprocess.Popen(
                [self.bin / "aecourse", *words], cwd=self.folder, env=self.environment(), stdout=file, stderr=file
            )
        try:
            deadline = time.monotonic() + PATIENCE
            while not (found := re.search(says, log.read_text("utf-8"))):
                assert server.poll() is None and time.monotonic() < deadline, log.read_text("utf-8")
                time.sleep(0.2)
            yield found[0]
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(60)


@pytest.fixture(scope="module")
def learner(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Learner:
    """Somebody who has only the wheel."""
    return Learner(wheel, tmp_path_factory.mktemp("learner"))


def status(address: str) -> int:
    """What a server answers, as a number."""
    try:
        return urllib.request.urlopen(address, timeout=60).status
    except urllib.error.HTTPError as error:
        return error.code


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_the_wheel_holds_the_course_and_is_small(wheel: Path) -> None:
    """Package, notebooks, diagrams and the site's sources; neither tests nor what was built."""
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.stat().st_size <= MEGABYTES * 1e6
    for name in ("notebooks/00_start_here.ipynb", "images/hourglass.svg", "docs/conf.py"):
        assert f"aecourse/course/{name}" in names
    assert {name.split("/")[0].split("-")[0] for name in names} == {"aecourse"}
    assert not [name for name in names if re.search(r"checkpoints|__pycache__|tests|/build/|/\.", name)]


def test_nothing_of_the_checkout_is_on_the_path(learner: Learner) -> None:
    """Package and notebooks come from the environment."""
    paths = learner.ask("import sys, aecourse; print(*sys.path, aecourse.__file__, sep='\\n')").splitlines()
    assert Path(paths[-1]).is_relative_to(learner.packages)
    assert str(ROOT) not in paths
    found = learner.ask("from aecourse.classroom.notebook_files import course_folder as f; print(f())")
    assert Path(found).is_relative_to(learner.packages)


def test_the_doctor_is_content(learner: Learner) -> None:
    """Every check passes in an empty folder."""
    done = learner.call("aecourse", "doctor")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(NOTEBOOKS)} can be read" in done.stdout


def test_the_lab_answers_with_its_token(learner: Learner) -> None:
    """`aecourse lab --no-browser` serves the working copy to whoever has the token that it prints."""
    words = ("lab", "--no-browser", f"--port={free_port()}")
    with learner.serving(*words, says=r"http://127\.0\.0\.1:\d+/lab\S*token=\S+") as address:
        assert status(address) == 200
        server, token = address.split("/lab")[0], address.split("token=")[1]
        notebook = f"{server}/api/contents/notebooks/{NOTEBOOKS[0].name}"
        assert (status(f"{notebook}?token={token}"), status(notebook)) == (200, 403)
    assert (learner.folder / "work" / "images" / "hourglass.svg").exists()


def test_fresh_and_report(learner: Learner) -> None:
    """A copy beside one's own, and the page of what was done."""
    assert learner.call("aecourse", "fresh", "03").returncode == 0
    assert learner.call("aecourse", "report").returncode == 0
    assert (learner.folder / "build" / "report.html").exists()


def test_a_notebook_of_the_working_copy_runs(learner: Learner) -> None:
    """Under nbval, with the kernel of the new environment."""
    learner.call("aecourse", "fresh", "00")
    notebook = learner.folder / "work" / "notebooks" / f"{NOTEBOOKS[0].stem}_fresh.ipynb"
    options = ("-q", "-p", "no:cacheprovider", "--nbval", "--nbval-current-env", f"--nbval-cell-timeout={PATIENCE}")
    done = learner.call("python", "-m", "pytest", *options, notebook, AECOURSE_STRICT="1")
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout


def test_site_and_board(learner: Learner) -> None:
    """The site is written, every explorer with its script; the board is served from it."""
    done = learner.call("aecourse", "site")
    assert done.returncode == 0, done.stdout + done.stderr
    site = learner.folder / "build" / "site"
    pages = {path.stem for path in (site / "notebooks").glob("*.html")}
    assert pages >= {path.stem for path in NOTEBOOKS[:-1]}
    states = [json.loads(file.read_text("utf-8")) for file in site.glob("explorers/*/state.json")]
    scripts = [with_imports((site / "explorers" / "scripts" / state["script"]).resolve()) for state in states]
    assert len(scripts) >= 11 and all(sum(file.stat().st_size for file in files) > 10_000 for files in scripts)
    assert (site / "page.css").stat().st_size > 1_000
    with learner.serving("demo", "--no-browser", f"--port={free_port()}", says=r"http://\S+/board.html") as address:
        assert status(address) == 200


def test_a_missing_part_says_what_to_do(learner: Learner) -> None:
    """Without its notebooks every command names the folder, in a line or two, and fails."""
    course = learner.packages / "aecourse" / "course"
    (course / "notebooks").rename(course / "elsewhere")
    try:
        for words in (["lab", "--no-browser"], ["fresh", "03"], ["doctor"]):
            done = learner.call("aecourse", *words)
            said = done.stdout + done.stderr
            assert done.returncode == 1 and "get the course again" in said and "Traceback" not in said, said
    finally:
        (course / "elsewhere").rename(course / "notebooks")
