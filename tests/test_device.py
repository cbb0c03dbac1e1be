"""Which device, how many threads, which seed."""

import os
import random

import numpy as np
import pytest
import torch
from helpers.strategies import junk, not_counts, not_seeds, refuses
from hypothesis import example, given, strategies as st

from aecourse import device as module
from aecourse.device import KNOWN_DEVICES, check_device, cpu_share, pick_device, seed_everything, use_threads


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    """No setting from outside, and the thread count as it was afterwards."""
    before = torch.get_num_threads()
    monkeypatch.delenv("AECOURSE_DEVICE", raising=False)
    monkeypatch.delenv("AECOURSE_THREADS", raising=False)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def machine(monkeypatch):
    """Pretend to be a machine with these devices."""

    def has(*devices: str) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: "cuda" in devices)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: "mps" in devices)

    return has


@pytest.mark.parametrize(
    ("devices", "fastest"), [(("cuda", "mps"), "cuda"), (("cuda",), "cuda"), (("mps",), "mps"), ((), "cpu")]
)
def test_fastest_device_is_picked(machine, devices, fastest):
    """Cuda before mps before cpu."""
    machine(*devices)
    assert pick_device() == torch.device(fastest)


def test_environment_overrides(machine, monkeypatch):
    """AECOURSE_DEVICE beats the fastest, an argument beats AECOURSE_DEVICE, an empty setting is none."""
    machine("cuda", "mps")
    monkeypatch.setenv("AECOURSE_DEVICE", " mps ")
    assert pick_device().type == "mps"
    assert pick_device("cpu").type == "cpu"
    monkeypatch.setenv("AECOURSE_DEVICE", "")
    assert pick_device().type == "cuda"


def test_absent_device_is_refused(machine, monkeypatch):
    """The error names who asked, what for, and what there is."""
    machine()
    with pytest.raises(ValueError, match=r"name='cuda' .* has only: cpu"):
        pick_device("cuda")
    monkeypatch.setenv("AECOURSE_DEVICE", "mps")
    with pytest.raises(ValueError, match=r"AECOURSE_DEVICE='mps' .* has only: cpu"):
        pick_device()


@given(name=junk.filter(lambda name: name is not None and name not in KNOWN_DEVICES))
def test_unknown_device_is_refused(name):
    """No guess is made, and the thread count stays."""
    torch.set_num_threads(2)
    refuses("name", pick_device, name)
    assert torch.get_num_threads() == 2


def test_unknown_device_from_the_environment(monkeypatch):
    """The variable is named."""
    monkeypatch.setenv("AECOURSE_DEVICE", "gpu")
    assert "cpu, cuda, mps" in refuses("AECOURSE_DEVICE", pick_device)


@given(device=junk | st.sampled_from(["CPU", "gpu", "cuda:x", "mnist"]))
def test_check_device_refuses(device):
    """Whatever torch does not know."""
    refuses("device", check_device, device)


def test_check_device_knows_what_is_here(machine):
    """A device torch knows but this machine lacks is refused too."""
    machine()
    assert check_device("cpu") == check_device(torch.device("cpu")) == torch.device("cpu")
    assert "cuda" in refuses("device", check_device, "cuda")


def test_picking_a_device_sets_the_threads(monkeypatch):
    """One call at the top of a notebook settles both."""
    monkeypatch.setenv("AECOURSE_THREADS", "3")
    pick_device("cpu")
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize(("setting", "count", "expected"), [("3", None, 3), ("3", 1, 1), (" 2 ", None, 2), ("", 4, 4)])
def test_threads(monkeypatch, setting, count, expected):
    """An argument beats AECOURSE_THREADS."""
    monkeypatch.setenv("AECOURSE_THREADS", setting)
    assert use_threads(count) == expected == torch.get_num_threads()


def test_threads_default_to_the_share(monkeypatch):
    """Without a setting, this process's share of the machine."""
    monkeypatch.setattr(module, "cpu_share", lambda: 3)
    assert use_threads() == 3 == torch.get_num_threads()


@given(count=not_counts.filter(lambda count: count is not None))
@example(count=0)
@example(count=True)
def test_bad_thread_count(count):
    """Refused, and nothing changes."""
    torch.set_num_threads(2)
    refuses("count", use_threads, count)
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("setting", ["0", "-1", "two", "1.5", "²"])
def test_bad_thread_setting(monkeypatch, setting):
    """The variable is named, with what it held."""
    monkeypatch.setenv("AECOURSE_THREADS", setting)
    assert setting in refuses("AECOURSE_THREADS", use_threads)


@pytest.mark.parametrize(
    ("files", "quota"),
    [
        ({"cpu.max": "200000 100000\n"}, 2.0),
        ({"cpu.max": "150000 100000\n"}, 1.5),
        ({"cpu.max": "max 100000\n"}, None),
        ({"cpu.max": "what\n"}, None),
        ({"cpu/cpu.cfs_quota_us": "50000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0.5),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, None),
        ({}, None),
    ],
)
def test_container_quota(tmp_path, files, quota):
    """Both layouts of a container's limits, with and without one."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert module._cgroup_quota(tmp_path) == quota


@pytest.mark.parametrize(
    ("cores", "quota", "share"), [(8, None, 8), (8, 2.0, 2), (8, 1.5, 2), (8, 0.2, 1), (2, 16.0, 2), (1, None, 1)]
)
def test_share_is_affinity_capped_by_quota(monkeypatch, cores, quota, share):
    """A part of a core counts as one."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    monkeypatch.setattr(module, "_cgroup_quota", lambda: quota)
    assert cpu_share() == share


def test_share_without_affinity(monkeypatch):
    """MacOS and Windows have no affinity call: all cores, and one where even that is unknown."""
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(module, "_cgroup_quota", lambda: None)
    monkeypatch.setattr(os, "cpu_count", lambda: 6)
    assert cpu_share() == 6
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert cpu_share() == 1


def _numbers() -> tuple:
    return random.random(), np.random.rand(), torch.rand(1).item()


def test_a_seed_repeats_every_generator():
    """Python, NumPy and torch, each its own."""
    seed_everything(5)
    first = _numbers()
    assert len(set(first)) == 3
    seed_everything(5)
    assert _numbers() == first
    seed_everything(6)
    assert not set(first) & set(_numbers())


@given(seed=not_seeds)
@example(seed=-1)
@example(seed=2**32)
@example(seed=True)
def test_bad_seed(seed):
    """Refused, and no generator moves."""
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
    refuses("seed", seed_everything, seed)
    assert (random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()) == before
