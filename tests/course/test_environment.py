"""environment.yml and pyproject.toml ask for the same packages with the same bounds, in words conda understands."""

from __future__ import annotations

import tomllib

import pytest
import yaml
from helpers.paths import ROOT
from packaging.requirements import Requirement
from rattler import BuildString, MatchSpec, PackageRecord

CONDA_NAMES = {"torch": "pytorch", "matplotlib": "matplotlib-base"}

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text())
SPECS = [MatchSpec(entry) for entry in ENVIRONMENT["dependencies"] if isinstance(entry, str)]
NEEDED = [Requirement(f"python{PROJECT['requires-python']}"), *map(Requirement, PROJECT["dependencies"])]


def package(name: str, version: str) -> PackageRecord:
    """What a conda channel would offer."""
    return PackageRecord(name=name, version=version, build=BuildString("0"), build_number=0, subdir="noarch")


@pytest.mark.parametrize("needed", NEEDED, ids=lambda needed: needed.name)
def test_each_dependency_has_the_same_lower_bound(needed: Requirement) -> None:
    """Conda accepts the oldest version that pip accepts, and nothing before it."""
    assert [clause.operator for clause in needed.specifier] == [">="], "one lower bound, nothing pinned"
    oldest = next(iter(needed.specifier)).version
    name = CONDA_NAMES.get(needed.name, needed.name)
    *head, last = oldest.split(".")
    before = ".".join([*head, str(int(last) - 1)]) if int(last) else f"{int(head[-1]) - 1}.99"
    accepting = [spec for spec in SPECS if spec.matches(package(name, oldest))]
    assert len(accepting) == 1
    assert not accepting[0].matches(package(name, before))
    assert accepting[0].matches(package(name, "99.0"))


def test_environment_asks_for_nothing_else() -> None:
    """One spec for each dependency, and pip to install the course itself."""
    assert len(SPECS) == len(NEEDED) + 1
    assert any(spec.matches(package("pip", "25.0")) for spec in SPECS)
    assert {"pip": ["-e ."]} in ENVIRONMENT["dependencies"]


def test_no_host_is_named() -> None:
    """Channels and packages are names, not addresses; but for PyTorch's own index of builds for the processor."""
    assert ENVIRONMENT["channels"] == ["conda-forge"]
    for file in ("environment.yml", "pyproject.toml", "Makefile", ".ci/run"):
        text = (ROOT / file).read_text().replace("https://download.pytorch.org/whl/cpu", "", file == "Makefile")
        assert "://" not in text
