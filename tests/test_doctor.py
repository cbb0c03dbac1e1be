"""The doctor finds what is wrong and says what to do, on one screen."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from helpers.paths import NOTEBOOKS

from aecourse import doctor, pace


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
    victim = sorted(p for p in (tmp_path / folder).iterdir() if p.suffix in (".gz", ".safetensors"))[0]
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
        there = {p.name for p in (doctor.ASSETS / folder).iterdir() if p.suffix in (".gz", ".safetensors")}
        assert listed == there


def test_mismatched_torchvision_is_named(monkeypatch, capsys) -> None:
    """A torchvision made for another torch is the commonest broken installation."""
    real = doctor._version
    monkeypatch.setattr(doctor, "_version", lambda name: "1.0.0" if name == "torch" else real(name))
    assert "torchvision" in failures(monkeypatch, capsys)


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
    """Python's half of a widget is not enough; the remedy says what to click afterwards."""
    for part, fits in (("anywidget", doctor._version("anywidget")), ("@jupyter-widgets/jupyterlab-manager", "5.0.1")):
        if wanted := version if part == name else fits:
            (tmp_path / part).mkdir(parents=True)
            (tmp_path / part / "package.json").write_text(json.dumps({"version": wanted}))
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *names: [str(tmp_path)])
    assert not doctor.diagnose()
    printed = capsys.readouterr().out
    assert f"JupyterLab's part of {name} is {version or 'missing'}" in printed and doctor.RUN_ALL in printed


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
