"""The course's one command, the same as `python -m aecourse`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from aecourse import cli


def test_help_names_every_command(capsys: pytest.CaptureFixture) -> None:
    """With one line each; an unknown command shows the same and fails."""
    for arguments, status in (([], 0), (["--help"], 0), (["dance"], 2)):
        assert cli.main(arguments) == status
        lines = capsys.readouterr().out.splitlines()
        assert [line.split()[0] for line in lines[1:]] == list(cli.COMMANDS)
        assert max(map(len, lines)) <= 120


def test_lab_opens_the_working_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    """In the folder where it is called, with the course's settings; what else is given goes to JupyterLab."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AECOURSE_WORK", "")
    calls = []
    monkeypatch.setattr(cli.os, "execv", lambda program, command: calls.append(command))
    monkeypatch.setattr(cli.subprocess, "call", lambda command: calls.append(command) or 0)
    cli.main(["lab", "--no-browser"])
    assert calls[0][1:4] == ["-m", "jupyter", "lab"] and calls[0][-1] == "--no-browser"
    assert any(argument.startswith("--config=") and Path(argument[9:]).exists() for argument in calls[0])
    assert cli.os.environ["AECOURSE_WORK"] == "work"
    assert str(tmp_path / "work") in capsys.readouterr().out


def test_fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    """It says where the copy is; a name that fits none is an error in one line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    assert cli.main(["fresh", "03"]) == 0
    assert Path(capsys.readouterr().out.split(": ")[1].strip()).exists()
    assert cli.main(["fresh", "44"]) == 1
    assert "holds none" in capsys.readouterr().err


def test_the_command_needs_no_torch() -> None:
    """It answers at once."""
    code = "import sys; from aecourse import cli; cli.main([]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
