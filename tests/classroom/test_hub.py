"""`make class`: a hub for this machine only, behind a password, that never writes over a student's work."""

from __future__ import annotations

import asyncio
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import joblib
import pytest
from helpers.paths import ROOT
from traitlets.config import Config, PyFileConfigLoader

JUPYTER = ROOT / "aecourse" / "assets" / "jupyter"


def free_port() -> int:
    """The first of three neighbouring ports that nobody uses."""
    while True:
        with ExitStack() as stack, suppress(OSError, OverflowError):
            first, *others = (stack.enter_context(socket.socket()) for _ in range(3))
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            for step, probe in enumerate(others, 1):
                probe.bind(("127.0.0.1", port + step))
            return port


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Loads the shipped configuration as JupyterHub does, with these settings in the environment."""

    def load(**settings: str) -> Config:
        for name in ("AECOURSE_PASSWORD", "AECOURSE_STUDENTS"):
            monkeypatch.delenv(name, raising=False)
        settings = {"AECOURSE_CLASS": str(tmp_path / "class"), "AECOURSE_PORT": str(free_port())} | settings
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        return PyFileConfigLoader(str(JUPYTER / "jupyterhub_config.py")).load_config()

    return load


def authenticator(config: Config):
    """JupyterHub's own, with our settings; imported here, as only one of two processes needs it."""
    from jupyterhub.authenticators.shared import SharedPasswordAuthenticator

    return SharedPasswordAuthenticator(config=config)


def log_in(config: Config, name: str, password: str) -> str | None:
    """The name under which the hub lets this person in, or None."""
    answer = authenticator(config).get_authenticated_user(None, {"username": name, "password": password})
    with ThreadPoolExecutor(1) as pool:  # browser tests leave an event loop running in this thread
        user = pool.submit(asyncio.run, answer).result()
    return user and user["name"]


def test_every_address_is_this_machine(load) -> None:
    """The public address, the proxy's own and the hub's, and each student's server."""
    config = load()
    addresses = config.JupyterHub.bind_url, config.JupyterHub.hub_bind_url, config.ConfigurableHTTPProxy.api_url
    assert {urlsplit(address).hostname for address in addresses} == {"127.0.0.1"}
    assert len({urlsplit(address).port for address in addresses}) == 3
    assert config.Spawner.ip == "127.0.0.1"


def test_only_the_password_opens_the_hub(load) -> None:
    """JupyterHub's own authenticator, with our settings: right, wrong, empty, too short."""
    config = load(AECOURSE_PASSWORD="eight digits")
    assert log_in(config, "Ada", "eight digits") == "ada"
    assert log_in(config, "李明", "eight digits") == "李明"
    assert log_in(config, "ada", "eight digit") is None
    assert log_in(config, "ada", "") is None
    with pytest.raises(SystemExit, match="8 characters"):
        load(AECOURSE_PASSWORD="short")


@pytest.mark.parametrize("name", ["..", "../ada", "a/b", ".ssh", "a.b", "a b", "", "x" * 33, "ada\n"])
def test_no_name_leads_out_of_the_class_folder(load, name: str) -> None:
    """Names become folders."""
    config = load(AECOURSE_PASSWORD="eight digits")
    assert not authenticator(config).validate_username(name)


def test_a_password_is_made_and_shown(load, capsys: pytest.CaptureFixture) -> None:
    """Without AECOURSE_PASSWORD each start has another one, and says it."""
    passwords = [load().SharedPasswordAuthenticator.user_password for _ in range(2)]
    assert passwords[0] != passwords[1]
    assert re.findall(r"password: (\S+)", capsys.readouterr().out) == passwords


def test_jupyterhub_knows_every_setting(load) -> None:
    """Each name in our file is a setting of a class of JupyterHub: a misspelt one would be passed over in silence."""
    import jupyterhub.proxy
    import jupyterhub.spawner
    from jupyterhub.app import JupyterHub
    from jupyterhub.authenticators.shared import SharedPasswordAuthenticator

    classes = {
        "JupyterHub": JupyterHub,
        "ConfigurableHTTPProxy": jupyterhub.proxy.ConfigurableHTTPProxy,
        "Spawner": jupyterhub.spawner.Spawner,
        "SimpleLocalProcessSpawner": jupyterhub.spawner.SimpleLocalProcessSpawner,
        "Authenticator": SharedPasswordAuthenticator,
        "SharedPasswordAuthenticator": SharedPasswordAuthenticator,
    }
    config = load()
    assert set(config) == set(classes)
    for name, settings in config.items():
        assert set(settings) <= set(classes[name].class_traits(config=True)), name


def test_each_server_fills_its_own_students_folder(load) -> None:
    """The copies are made by the server that opens them (tests/classroom/test_working_copy.py), in its home folder."""
    config = load()
    assert config.Spawner.environment["AECOURSE_WORK"] == config.Spawner.notebook_dir == "~"
    assert any(argument.endswith("jupyter_lab_config.py") for argument in config.Spawner.args)


@pytest.mark.parametrize(("cores", "students", "threads"), [(2, "30", "1"), (64, "8", "8"), (64, "", "2")])
def test_students_share_the_processors(load, monkeypatch, cores: int, students: str, threads: str) -> None:
    """Each kernel gets its share of the cores, at least one; waiting threads stop spinning."""
    monkeypatch.setattr(joblib, "cpu_count", lambda: cores)
    environment = load(AECOURSE_STUDENTS=students).Spawner.environment
    assert environment["AECOURSE_THREADS"] == environment["OMP_NUM_THREADS"] == threads
    assert environment["GOMP_SPINCOUNT"] == "2000"


@pytest.mark.parametrize(
    ("name", "value"), [("AECOURSE_PORT", "eighty"), ("AECOURSE_PORT", "65534"), ("AECOURSE_STUDENTS", "0")]
)
def test_a_wrong_number_is_named(load, name: str, value: str) -> None:
    """Before anything starts."""
    with pytest.raises(SystemExit, match=rf"{name} must be a whole number .*'{value}'"):
        load(**{name: value})


def test_servers_use_the_settings_of_make_lab_and_end_when_idle(load) -> None:
    """Quick sliders come from the file of `make lab`; a forgotten kernel and a forgotten server stop by themselves."""
    arguments = load().Spawner.args
    assert f"--config={JUPYTER / 'jupyter_lab_config.py'}" in arguments
    for setting in ("MappingKernelManager.cull_idle_timeout", "ServerApp.shutdown_no_activity_timeout"):
        assert any(re.fullmatch(rf"--{setting}=[1-9]\d+", argument) for argument in arguments)


def test_a_taken_port_is_named(load) -> None:
    """Another class on this machine: say which port, and what to type."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(SystemExit, match=rf"Port {port} is taken.*AECOURSE_PORT"):
            load(AECOURSE_PORT=str(port - 1))


def test_what_thirty_need_follows_from_what_eight_took(monkeypatch) -> None:
    """The arithmetic of the trial, on figures that can be done in the head."""
    monkeypatch.syspath_prepend(str(ROOT / "tests" / "benchmarks"))
    from class_trial import STUDENTS, Student, thirty

    students = [Student(name, None, "", "") for name in STUDENTS]
    for student in students:
        student.answers = [50.0] * 60  # 480 presses
    parts = {"hub": 0.4, "proxy": 0.4, "server": 2.0, "kernel": 2.0, "browser": 99.0}  # 4.8 s: 10 ms a press
    memory = {"hub": 150.0, "proxy": 50.0, "server": 800.0, "kernel": 7200.0}
    said = thirty(students, {"moving": parts, "in": parts, "memory": memory})
    assert "200 + 30 × 1000 MB = 30 GB" in said
    assert "30 × 4 presses a second × 10.0 ms = 1.2 cores busy" in said
    assert "2 cores\n" in said
    assert "30 × 0.6 s of processor time = 9 s on 2 cores" in said
