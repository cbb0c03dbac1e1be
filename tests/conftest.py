"""How the tests are divided among processes; the fixtures that several files share stand in helpers/fixtures.py."""

import pytest
from xdist.scheduler import LoadFileScheduling


def pytest_configure(config: pytest.Config) -> None:
    """Load the fixtures, and with them torch, but not in a process that only hands out the tests to others."""
    if not config.getoption("numprocesses", None):
        config.pluginmanager.import_plugin("helpers.fixtures")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest come first: of two processes none then has to wait for the other at the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("board", "explorers", "base", "zoo"))


def pytest_xdist_make_scheduler(config: pytest.Config, log) -> LoadFileScheduling:
    """With several processes a file's tests stay in one, and those that build explorers in the same one.

    Explorers share what they load, about ten seconds' worth; the tests of kernels build theirs elsewhere.
    """

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = super()._split_scope(nodeid)
            explores = "tests/explorers/" in file or file.endswith("test_random_state.py")
            return "explorers" if explores and not file.endswith("test_lifetime.py") else file

    return Scheduling(config, log)
