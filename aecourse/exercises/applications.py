"""Answers to the exercises of notebooks/09_applications.ipynb."""

from __future__ import annotations

import math

import torch
from torch.nn import functional as F

from aecourse.exercises.checking import Verdict, exercise, same_array


@exercise("09.1", "easy")
def mistakes_of_an_alarm(answer) -> Verdict:
    """a function (normal, abnormal, threshold) of scores: the share of false alarms and the share of misses"""
    generator = torch.Generator().manual_seed(0)
    normal, abnormal = 5 * torch.rand(40, generator=generator), 2 + 6 * torch.rand(200, generator=generator)
    normal[0] = threshold = 4.0  # a score on the threshold raises no alarm
    got = answer(normal, abnormal, threshold)
    if not isinstance(got, tuple | list) or len(got) != 2:
        return "return two numbers: the share of false alarms, the share of misses"
    alarms, misses = (normal > threshold).float(), (abnormal <= threshold).float()
    expected = torch.stack([alarms.mean(), misses.mean()])
    got = torch.tensor([float(share) for share in got])
    if torch.allclose(got, expected):
        return None
    if torch.allclose(got, expected.flip(0)):
        return "the order: false alarms first, misses second"
    if torch.allclose(got, torch.stack([alarms.sum(), misses.sum()])):
        return "those are counts; take shares, each of its own group"
    if torch.allclose(got, torch.stack([alarms.sum(), misses.sum()]) / 240):
        return "each share is of its own group: false alarms among the normal, misses among the abnormal"
    if torch.allclose(got[1], 1 - expected[1]):
        return "the second is the share that was caught; a miss is an abnormal picture without an alarm"
    if torch.allclose(got[0], 1 - expected[0]):
        return "the first is the share that was rightly quiet; a false alarm is a normal score above the threshold"
    return "an alarm is a score above the threshold; a score equal to it raises none"


@exercise("09.2", "medium")
def all_hamming(answer) -> Verdict:
    """a function (a, b) of bits (n, k) and (m, k) that counts in how many bits each pair differs, (n, m)"""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(4, 9, generator=generator) > 0.5, torch.rand(3, 9, generator=generator) > 0.3
    got, expected = answer(a, b), (a[:, None] != b[None]).sum(2)
    if isinstance(got, torch.Tensor) and got.shape == expected.shape:
        if torch.allclose(got.double(), (9 - expected).double()):
            return "that counts the bits in which they agree"
        if torch.allclose(got.double(), a.double() @ b.double().T):
            return "that counts the places where both bits are 1; add up both ways to differ"
        if torch.allclose(got.double(), a.double() @ (~b).double().T):
            return "half of it: bits differ also where the first is 0 and the second 1"
    return same_array(got, expected)


@exercise("09.3", "stretch")
def choose_fairly(answer) -> Verdict:
    """a function (candidates, valid_x, test_x) that chooses on valid_x and reports the winner's MSE on test_x"""
    generator = torch.Generator().manual_seed(0)
    valid_x, test_x = torch.rand(2, 6, 5, generator=generator)
    seen: list[str] = []

    def candidate(name: str, on_valid: float, on_test: float):
        def restore(x: torch.Tensor) -> torch.Tensor:
            if x.shape == test_x.shape and torch.equal(x, test_x):
                seen.append(name)
                return x + on_test
            return x + on_valid

        return restore

    errors = {"flattered by the test set": (0.3, 0.1), "best on validation": (0.2, 0.25), "worst": (0.5, 0.6)}
    candidates = {name: candidate(name, *steps) for name, steps in errors.items()}
    got = answer(candidates, valid_x, test_x)
    if not isinstance(got, tuple | list) or len(got) != 2:
        return "return two things: the winner's name and its test MSE"
    name, error = got[0], float(got[1])
    if name == "flattered by the test set":
        return "that candidate is best on the test pictures; choose by the validation pictures"
    if name != "best on validation":
        return "the winner is the one with the smallest MSE on the validation pictures"
    if set(seen) - {"best on validation"}:
        return "right, but the test pictures were shown to others than the winner"
    if math.isclose(error, 0.2**2, rel_tol=1e-3):
        return "the name is right; the error to report is the one on the test pictures"
    expected = F.mse_loss(test_x + 0.25, test_x).item()
    return None if math.isclose(error, expected, rel_tol=1e-3) else f"the test MSE is {expected:.4f}, not {error:.4f}"
