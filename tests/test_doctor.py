"""The doctor finds what is wrong and says what to do, on one screen."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.paths import NOTEBOOKS

import aecourse
from aecourse import doctor, machine, pace
from aecourse.records import EDITION


def test_healthy_machine_passes() -> None:
    """`python -m aecourse doctor` exits with 0 and prints one ✓ a check on a screen of 24 lines."""
    run = subprocess.run([sys.executable, "-m", "aecourse", "doctor"], capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    assert run.returncode == 0, run.stdout
    assert [line[0] for line in lines[:-1]] == ["✓"] * len(doctor.CHECKS)
    assert len(lines) <= 24 and max(map(len, lines)) <= 120
    assert run.stderr == ""


def failures(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> str:
    """What the doctor prints about failed checks, which must make it return False."""
    assert not doctor.diagnose()
    lines = capsys.readouterr().out.splitlines()
    failed = [i for i, line in enumerate(lines) if line.startswith("✗")]
    assert failed and all(lines[i + 1].strip().startswith("→") for i in failed), "each ✗ is followed by what to do"
    return "\n".join(lines[i] for i in failed)


@pytest.mark.parametrize("folder", ["mnist", "weights"])
@pytest.mark.parametrize("harm", ["flip a bit", "delete"])
def test_damaged_assets_are_named(folder: str, harm: str, tmp_path: Path, monkeypatch, capsys) -> None:
    """One flipped bit or one missing file in the images or the weights is found and named."""
    shutil.copytree(doctor.ASSETS / folder, tmp_path / folder)
    other = {"mnist": "weights", "weights": "mnist"}[folder]
    (tmp_path / other).symlink_to(doctor.ASSETS / other)
    victim = sorted(p for p in (tmp_path / folder).iterdir() if p.suffix in (".xz", ".gz"))[0]
    if harm == "delete":
        victim.unlink()
    else:
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 1
        victim.write_bytes(content)
    monkeypatch.setattr(doctor, "ASSETS", tmp_path)
    report = failures(monkeypatch, capsys)
    assert report.count("✗") == 1 and victim.name in report
    assert ("missing" if harm == "delete" else "damaged") in report


def test_every_shipped_file_has_a_checksum() -> None:
    """No image or weights file escapes the doctor."""
    for folder in ("mnist", "weights"):
        listed = {line.split()[1] for line in (doctor.ASSETS / folder / "SHA256SUMS").read_text().splitlines()}
        there = {p.name for p in (doctor.ASSETS / folder).iterdir() if p.suffix in (".xz", ".gz")}
        assert listed == there


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "ascii"])
def test_a_screen_that_has_no_check_mark(encoding: str) -> None:
    """Every line comes, the marks are words, and good and bad stay apart."""
    environment = os.environ | {"PYTHONIOENCODING": encoding, "AECOURSE_DEVICE": "tpu"}
    command = [sys.executable, "-m", "aecourse", "doctor"]
    run = subprocess.run(command, capture_output=True, env=environment, check=False)
    lines = run.stdout.decode(encoding).splitlines()
    assert run.returncode == 1 and run.stderr == b""
    marks = [line[:2] for line in lines[:-1] if not line.startswith(" ")]
    assert len(marks) == len(doctor.CHECKS) and set(marks) == {"ok", "!!"}
    assert any(line.strip().startswith(("->", "→")) for line in lines)


def test_the_build_of_torch_is_told(monkeypatch) -> None:
    """CUDA, or the processor alone; a machine without torchvision is in order."""
    monkeypatch.setattr("torch.version.cuda", "13.0")
    assert "built for CUDA 13.0; torchvision" in doctor.check_torch()
    monkeypatch.setattr("torch.version.cuda", None)
    assert "built for the processor; torchvision" in doctor.check_torch()
    real = doctor.metadata.version

    def version(name: str) -> str:
        if name == "torchvision":
            raise doctor.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    assert doctor.check_torch().endswith("built for the processor")


def test_mismatched_torchvision_is_named(monkeypatch, capsys) -> None:
    """A torchvision made for another torch: its operators are missing when it is imported."""
    monkeypatch.setitem(sys.modules, "torchvision.ops", None)
    assert "torchvision" in failures(monkeypatch, capsys)


@pytest.mark.parametrize(
    ("python", "system", "processor", "libc", "words"),
    [
        ((3, 10), "Linux", "x86_64", "glibc", "needs 3.11"),
        ((3, 12), "Darwin", "x86_64", "", "no build for Darwin on x86_64"),
        ((3, 12), "Windows", "ARM64", "", "no build for Windows on ARM64"),
        ((3, 12), "Linux", "riscv64", "glibc", "no build"),
        ((3, 12), "Linux", "x86_64", "musl", "musl"),
        ((3, 11), "Linux", "aarch64", "glibc", ""),
        ((3, 14), "Windows", "AMD64", "", ""),
        ((3, 14), "Darwin", "arm64", "", ""),
    ],
)
def test_a_machine_without_torch_is_told_before_anything_is_loaded(python, system, processor, libc, words) -> None:
    """And what to use instead."""
    said = machine.obstacle(python, system, processor, libc)
    assert words in said if words else said == ""
    assert not words or python < (3, 11) or "site" in said


def test_an_old_python_can_ask() -> None:
    """The file that asks is one that any Python 3.6 can read."""
    ast.parse(Path(machine.__file__).read_text("utf-8"), feature_version=(3, 6))


def test_a_newer_notebook_says_update() -> None:
    """Not that a name cannot be imported."""
    machine.requires(aecourse.__version__)
    with pytest.raises(RuntimeError, match=r"needs aecourse 77\.0 or newer.*Update the package"):
        machine.requires("77.0")


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A learner's folder with two notebooks, in which the doctor is called."""
    folder = tmp_path / "work" / "notebooks"
    folder.mkdir(parents=True)
    for path in NOTEBOOKS[:2]:
        shutil.copy(path, folder)
    monkeypatch.chdir(tmp_path)
    return folder


def edition(path: Path, version: str) -> None:
    """Make a notebook one of another edition."""
    path.write_text(
        path.read_text("utf-8").replace(f'"{EDITION}": "{aecourse.__version__}"', f'"{EDITION}": "{version}"')
    )


def test_the_notebooks_are_looked_at(work: Path) -> None:
    """How many there are, which are of an earlier edition, which are copies."""
    assert doctor.check_notebooks() == "2 can be read"
    edition(work / NOTEBOOKS[0].name, "0.1.0")
    shutil.copy(NOTEBOOKS[1], work / f"{NOTEBOOKS[1].stem}-Copy1.ipynb")
    said = doctor.check_notebooks()
    assert "from an earlier edition: 00" in said and f"{NOTEBOOKS[1].stem}-Copy1.ipynb" in said


def test_a_notebook_that_is_newer_damaged_or_in_conflict_is_named(work: Path, monkeypatch, capsys) -> None:
    """Each with what to do."""
    one = work / NOTEBOOKS[0].name
    edition(one, "77.0")
    assert f"{one.name}: newer than aecourse" in failures(monkeypatch, capsys)
    one.write_text('{"cells":')
    assert f"{one.name} is not a Jupyter notebook" in failures(monkeypatch, capsys)
    mine, theirs = NOTEBOOKS[0].read_text("utf-8").split("\n", 1)
    one.write_text(f"{mine}\n<<<<<<< HEAD\n=======\n>>>>>>> update\n{theirs}")
    assert "conflict marks" in failures(monkeypatch, capsys)


def test_an_installation_without_notebooks_is_named(tmp_path: Path, monkeypatch, capsys) -> None:
    """As one was that `pip` made of the package alone."""
    monkeypatch.setattr("aecourse.classroom.notebook_files.course_folder", lambda: tmp_path)
    assert "lacks" in failures(monkeypatch, capsys)


def test_wrong_package_version_is_named(monkeypatch, capsys) -> None:
    """A package below its bound is found."""
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "7.0.0" if name == "ipywidgets" else real(name))
    assert "ipywidgets" in failures(monkeypatch, capsys)


def test_absent_device_is_named(monkeypatch, capsys) -> None:
    """AECOURSE_DEVICE may ask for what is not there."""
    monkeypatch.setenv("AECOURSE_DEVICE", "tpu")
    assert "AECOURSE_DEVICE" in failures(monkeypatch, capsys)


def test_unwritable_folder_is_named(monkeypatch, capsys) -> None:
    """Notebooks must be savable where they lie."""

    def refuse(**options):
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert "cannot be written" in failures(monkeypatch, capsys)


@pytest.mark.parametrize("name", ["anywidget", "@jupyter-widgets/jupyterlab-manager"])
@pytest.mark.parametrize("version", [None, "0.0.1"])
def test_a_missing_or_old_front_end_is_named(
    name: str, version: str | None, tmp_path: Path, monkeypatch, capsys
) -> None:
    """Python's half of a widget is not enough."""
    for part, fits in (("anywidget", doctor._version("anywidget")), ("@jupyter-widgets/jupyterlab-manager", "5.0.1")):
        if wanted := version if part == name else fits:
            (tmp_path / part).mkdir(parents=True)
            (tmp_path / part / "package.json").write_text(json.dumps({"name": part, "version": wanted}))
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *names: [str(tmp_path)])
    monkeypatch.setattr(doctor, "server_parts", lambda: None)
    assert f"JupyterLab's part of {name} is {version or 'missing'}" in failures(monkeypatch, capsys)


def test_the_notebook_that_asks_is_named(tmp_path: Path, monkeypatch) -> None:
    """A learner's copy, the original, and none at all."""
    path = tmp_path / "00_start_here.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    assert doctor.check_notebook().startswith("none")
    for metadata, words in (({"aecourse_working_copy": True}, "your copy"), ({}, "not a copy")):
        path.write_text(json.dumps({"metadata": metadata}))
        assert path.name in doctor.check_notebook() and words in doctor.check_notebook()


def test_a_notebook_that_cannot_be_saved_is_named(tmp_path: Path, monkeypatch, capsys) -> None:
    """Half a file, and a folder of somebody else's: each with the entry of the menu that helps."""
    path = tmp_path / "00_start_here.ipynb"
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))
    path.write_text('{"metadata":')
    assert not doctor.diagnose() and "File → Revert Notebook to Checkpoint" in capsys.readouterr().out
    path.write_text('{"metadata": {}}')
    monkeypatch.setattr(doctor.os, "access", lambda *asked: False)
    assert not doctor.diagnose() and "File → Save Notebook As" in capsys.readouterr().out


def test_the_pace_is_told_in_seconds(monkeypatch, tmp_path: Path) -> None:
    """Twice as slow, twice as long; each lesson has been timed."""
    monkeypatch.setattr(pace, "step_seconds", lambda: 0.004)
    lessons = {path.name[:2] for path in NOTEBOOKS}
    assert set(json.loads(pace.RESULTS.read_text())) == lessons
    timed = tmp_path / "seconds.json"
    timed.write_text(json.dumps({"03": {"seconds": 52.3, "step": 0.002}}))
    monkeypatch.setattr(pace, "RESULTS", timed)
    assert pace.run_all_takes("03") == "Run All takes ≈ 2 minutes on this machine." and pace.ratio() == 2
    monkeypatch.setattr(pace, "step_seconds", lambda: 0.002)
    assert pace.run_all_takes("03") == "Run All takes ≈ 50 seconds on this machine."
