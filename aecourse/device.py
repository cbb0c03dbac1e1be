"""The device to compute on, the number of CPU threads, and the seeds of the random number generators."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from aecourse.checks import check_whole

KNOWN_DEVICES = ("cpu", "cuda", "mps")
_before: list[int] = []  # the number of threads before each block of `one_thread` under way


def pick_device(name: str | None = None) -> torch.device:
    """Choose the device to compute on: the one named, or else the fastest one present ("cuda", then "mps", then "cpu").

    Also sets the number of CPU threads (see `use_threads`), so that one call at the top of a notebook settles both.

    Parameters
    ----------
    name : {"cpu", "cuda", "mps"}, optional
        If None, the environment variable `AECOURSE_DEVICE` is used; without it, the fastest device.

    Raises
    ------
    ValueError
        If the name is unknown, or names a device that this machine does not have.
    """
    source = "name" if name is not None else "AECOURSE_DEVICE"
    wanted = name if name is not None else os.environ.get("AECOURSE_DEVICE", "").strip() or None
    present = available_devices()
    if wanted is not None and wanted not in KNOWN_DEVICES:
        raise ValueError(f"{source} must be one of {', '.join(KNOWN_DEVICES)}; got {wanted!r}")
    if wanted is not None and wanted not in present:
        raise ValueError(f"{source}={wanted!r} was asked for, but this machine has only: {', '.join(present)}")
    use_threads()
    return torch.device(wanted or present[0])


def not_dense(x: torch.Tensor) -> str:
    """Return in words why a tensor is no dense one that holds numbers; "" if it is one."""
    if x.is_meta:
        return "one on the meta device, without numbers"
    if x.is_nested:
        return "a nested one"
    return "" if x.layout == torch.strided else f"{x.layout} (take .to_dense())"


def to_numpy(values: object, dtype: np.typing.DTypeLike = None) -> np.ndarray:
    """Return a tensor of any device, or anything that NumPy takes, as an array."""
    if isinstance(values, torch.Tensor):
        values = values.detach().cpu().resolve_neg()
        values = values.float() if values.dtype == torch.bfloat16 else values  # NumPy has no such type
    return np.asarray(values, dtype)


def as_array(name: str, values: object) -> np.ndarray:
    """Return the same for an argument of this name; raise an error if it holds no numbers that NumPy could take."""
    if np.ma.is_masked(values):
        raise TypeError(f"{name} must be an array without a mask; some of its numbers are masked: take .filled(0)")
    try:
        return to_numpy(values)
    except (TypeError, ValueError, RuntimeError) as error:  # rows of different lengths; sparse, or without numbers
        message = f"{name} must be an array or dense tensor of numbers; got {type(values).__name__} ({error})"
        raise TypeError(message) from error


def available_devices() -> list[str]:
    """Return the devices of this machine, fastest first; "cpu" is always among them."""
    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    return [device for device, here in present.items() if here]


def seed_everything(seed: int = 0) -> None:
    """Seed the random number generators of Python, NumPy and torch.

    Parameters
    ----------
    seed : int
        From 0 to 2³² − 1.
    """
    seed = check_seed(seed)
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def own_random_numbers(seed: int | None = None) -> Iterator[None]:
    """Restore the random number generators of Python, NumPy and torch when the block ends.

    Whatever loads, measures or draws runs in such a block, so that it does not change how a learner's network trains
    afterwards.

    Parameters
    ----------
    seed : int, optional
        Seeds torch at the start of the block; None leaves its generators as they are.
    """
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        if seed is not None:
            torch.default_generator.manual_seed(check_seed(seed))
            if cuda is not None:
                torch.cuda.manual_seed_all(seed)
            if mps is not None:
                torch.mps.manual_seed(seed)
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)


def check_seed(seed: int) -> int:
    """Return `seed` as an int if every random number generator of the course accepts it; raise an error otherwise."""
    return check_whole("seed", seed, minimum=0, maximum=2**32 - 1)


def check_device(device: torch.device | str) -> torch.device:
    """Return `device` as a torch.device if this machine has it; raise an error otherwise."""
    present = available_devices()
    try:
        found = torch.device(device) if isinstance(device, str | torch.device) else None
    except RuntimeError:  # a name torch does not know
        found = None
    if found is None or found.type not in present:
        raise ValueError(f"device must be one of {', '.join(present)} on this machine; got {device!r}")
    return found


def use_threads(count: int | None = None) -> int:
    """Set how many CPU threads torch may use, and return that number.

    Without `count`, the environment variable `AECOURSE_THREADS` decides or, if it is not set, `cpu_share`: thirty
    students on one server must not each start a thread per core.
    """
    wanted, source = count, "count"
    if wanted is None and (setting := os.environ.get("AECOURSE_THREADS", "").strip()):
        wanted, source = (int(setting) if setting.isdecimal() else setting), "AECOURSE_THREADS"
    if wanted is None:
        wanted = cpu_share()
    wanted = check_whole(source, wanted, maximum=1_024)
    if torch.get_num_threads() != wanted:
        torch.set_num_threads(wanted)
    return wanted


@contextmanager
def one_thread() -> Iterator[None]:
    """Use one CPU thread inside the block and leave the other cores free; small work is no slower.

    Blocks of several threads may overlap: the last one to end restores what the first one found.
    """
    _before.append(torch.get_num_threads())
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(_before.pop())


def cpu_share() -> int:
    """Return how many cores this process may use: its CPU affinity, limited by the quota of its container."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS and Windows have no affinity call
        cores = os.cpu_count() or 1
    quota = _cgroup_quota()
    return max(1, min(cores, math.ceil(quota))) if quota else cores


def _cgroup_quota(root: Path = Path("/sys/fs/cgroup")) -> float | None:
    """Return the CPU limit of the container in cores, or None if there is none."""
    try:
        v2 = root / "cpu.max"
        if v2.exists():
            limit, period = v2.read_text().split()
        else:
            limit = (root / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text().strip()
        return int(limit) / int(period) if int(limit) > 0 else None
    except (OSError, ValueError):  # no such file, or "max"
        return None
