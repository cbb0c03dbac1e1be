"""The script for a machine with a GPU, tried on the CPU: it measures, goes on where something fails, and tells."""

from __future__ import annotations

import json
import re

import gpu
import pytest


@pytest.fixture(scope="module")
def result(tmp_path_factory) -> dict:
    """What a quick run writes; its longest parts as the script itself starts them, in processes of their own."""
    folder = tmp_path_factory.mktemp("gpu")

    def run_here(part: str, device: str, *, quick: bool, limit: float) -> dict:
        gpu.measure(part, device, quick=quick, into=folder / part)
        figures = [json.loads(line) for line in (folder / part).read_text("utf-8").splitlines()]
        return {"seconds": 0, "ended early": "", "figures": {name: each for f in figures for name, each in f.items()}}

    def run_part(part: str, *given, **options) -> dict:
        return (apart if part in ("tests", "notebooks") else run_here)(part, *given, **options)

    with pytest.MonkeyPatch.context() as patch:
        apart = gpu.run_part
        patch.setattr(gpu, "run_part", run_part)
        code = gpu.main(["--device", "cpu", "--quick", "--out", str(folder / "gpu.json")])
    found = json.loads((folder / "gpu.json").read_text("utf-8"))
    assert code == 0, gpu.faults(found)
    return found


@pytest.mark.slow
def test_every_part_measures(result):
    """And finds nothing wrong where both devices are the same."""
    parts = result["parts"]
    assert parts.keys() == gpu.PARTS.keys()
    assert all(ran["figures"] and not ran["ended early"] for ran in parts.values())
    assert sum(each.get("passed", 0) for each in parts["tests"]["figures"].values()) > 5
    assert all(each["difference"] == 0 for each in parts["numbers"]["figures"].values() if "difference" in each)
    assert sum(each["mixed"] for each in parts["calls"]["figures"].values()) > 20
    assert any(each["whole"] for each in parts["calls"]["figures"].values())


@pytest.mark.slow
def test_the_docs_show_what_was_measured(result):
    """A row for each family, with three times and three errors; other text stays."""
    text = gpu.with_report(gpu.DOCS.read_text("utf-8"), result)
    rows = re.findall(r"\| (\w+) \| \S+ s \| \S+ s \| \S+ s \| \S+ · \S+ · \S+ \|", text)
    assert rows == list(result["parts"]["speed"]["figures"])
    assert "Nothing went wrong." in text
    assert gpu.with_report(text, None) == gpu.with_report(gpu.DOCS.read_text("utf-8"), None)


def test_the_docs_are_those_of_the_stored_result():
    """Or say that there is none."""
    stored = json.loads(gpu.RESULT.read_text("utf-8")) if gpu.RESULT.exists() else None
    text = gpu.DOCS.read_text("utf-8")
    assert text == gpu.with_report(text, stored) and gpu.report(stored) in text


def test_without_a_gpu_it_says_so(monkeypatch, capsys, tmp_path):
    """In one sentence; nothing is written."""
    monkeypatch.setattr(gpu, "available_devices", lambda: ["cpu"])
    assert gpu.main(["--out", str(tmp_path / "gpu.json")]) == 0
    assert capsys.readouterr().out.count(".") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_what_hangs_is_ended():
    """Within its limit, with the reason."""
    ran = gpu.run_part("speed", "cpu", quick=True, limit=0.2)
    assert ran["ended early"] == "its 0.2 seconds were over" and ran["figures"] == {}
    assert gpu.faults({"parts": {"speed": ran}}) == ["speed: its 0.2 seconds were over"]


def test_what_fails_is_told_and_the_rest_is_measured(monkeypatch, tmp_path):
    """The error of one figure stands in its place."""

    def part(device: str, quick: bool):
        yield "bad", lambda: 1 / 0
        yield "good", lambda: {"wrong": False}

    monkeypatch.setitem(gpu.PARTS, "speed", (part, 1))
    gpu.measure("speed", "cpu", quick=True, into=tmp_path / "figures")
    bad, good = map(json.loads, (tmp_path / "figures").read_text("utf-8").splitlines())
    assert bad == {"bad": {"wrong": "ZeroDivisionError: division by zero"}}
    assert good == {"good": {"wrong": False}}
