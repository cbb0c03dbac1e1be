"""Checks of the answers to the exercises of notebooks/09_applications.ipynb."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from aecourse.exercises.checking import Hint, agree, compare, exercise, recognise
from aecourse.exercises.conversion import as_number, as_parts, call, describe


@exercise("09.1", "easy")
def mistakes_of_an_alarm(answer) -> Hint:
    """Expect a function (normal, abnormal, threshold) of scores: the share of false alarms and the share of misses."""
    generator = torch.Generator().manual_seed(0)
    normal, abnormal = 5 * torch.rand(40, generator=generator), 2 + 6 * torch.rand(200, generator=generator)
    normal[0] = abnormal[0] = threshold = 4.0  # a score on the threshold raises no alarm
    shares = as_parts(call(answer, normal, abnormal, threshold), "the share of false alarms", "the share of misses")
    got = torch.tensor([as_number(share) for share in shares], dtype=torch.float64)
    alarms, misses = (normal > threshold).double().mean(), (abnormal <= threshold).double().mean()
    expected, counts = torch.stack([alarms, misses]), torch.stack([alarms * 40, misses * 200])
    mistakes = {
        "the order: false alarms first, misses second": expected.flip(0),
        "those are counts; take shares, each of its own group": counts,
        "those are per cent; a share goes from 0 to 1": 100 * expected,
        "each share is of its own group: false alarms among the normal, misses among the abnormal": counts / 240,
        "each share is of its own group, not of the alarms or of the quiet": torch.stack(
            [counts[0] / (counts[0] + 200 - counts[1]), counts[1] / (counts[1] + 40 - counts[0])]
        ),
    }
    if agree(got, expected, 1e-4):
        return None
    if hint := recognise(got, mistakes):
        return hint
    mistakes = {
        "that is the share that was rightly quiet; a false alarm is a normal score above the threshold": 1 - alarms,
        "a normal score equal to the threshold raises no alarm": (normal >= threshold).double().mean(),
    }
    if hint := compare(got[0], alarms, mistakes, otherwise="how many of the normal scores lie above the threshold?"):
        return f"the first: {hint}"
    mistakes = {
        "that is the share that was caught; a miss is an abnormal picture without an alarm": 1 - misses,
        "an abnormal score equal to the threshold raises no alarm, and so is missed": (
            (abnormal < threshold).double().mean()
        ),
    }
    return f"the second: {compare(got[1], misses, mistakes, otherwise='how many abnormal scores raise no alarm?')}"


@exercise("09.2", "medium")
def all_hamming(answer) -> Hint:
    """Expect a function (a, b) of bits (n, k) and (m, k) that counts in how many bits each pair differs, (n, m)."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(4, 9, generator=generator) > 0.5, torch.rand(3, 9, generator=generator) > 0.3
    expected, one_a, one_b = (a[:, None] != b[None]).sum(2), a.double(), b.double()
    mistakes = {
        "that counts the bits in which they agree": 9 - expected,
        "that counts the places where both bits are 1; add up both ways to differ": one_a @ one_b.T,
        "half of it: bits differ also where the first is 0 and the second 1": one_a @ (1 - one_b).T,
        "half of it: bits differ also where the first is 1 and the second 0": (1 - one_a) @ one_b.T,
        "that is the share of bits; count them": expected / 9,
        "that is the distance along a straight line, the root of the count": expected.sqrt(),
        "one row for each of the first tensor, one column for each of the second: transpose": expected.T,
        "bits differ in which both are 1 and in which both are 0? The other way round": 2 * one_a @ one_b.T,
        "that looks at each bit; count them, over the last dimension": a[:, None] != b[None],
    }
    mistakes = {hint: torch.as_tensor(wrong).double() for hint, wrong in mistakes.items()}
    return compare(call(answer, a, b), expected, mistakes)


@exercise("09.3", "stretch")
def choose_fairly(answer) -> Hint:
    """Expect a function (candidates, valid_x, test_x) that chooses on valid_x and reports the MSE on test_x."""
    valid_x, test_x = torch.rand(2, 6, 5, generator=torch.Generator().manual_seed(0))
    seen: list[str] = []

    def candidate(name: str, on_valid: float, on_test: float):
        def restore(x):  # a tensor or an array
            on = on_valid
            if np.array_equal(np.asarray(x), test_x.numpy()):
                seen.append(name)
                on = on_test
            return x + on

        return restore

    errors = {"worst": (0.5, 0.6), "flattered by the test set": (0.3, 0.1), "best on validation": (0.2, 0.25)}
    candidates = {name: candidate(name, *steps) for name, steps in errors.items()}
    got = call(answer, candidates, valid_x, test_x, before=seen.clear)
    name, error = as_parts(got, "the winner's name", "its test MSE")
    if not isinstance(name, str):
        swapped = "first the name, then the MSE" if isinstance(error, str) else "hand in its name, a key of candidates"
        return f"the first thing should be the winner's name; got {describe(name)}: {swapped}"
    if name == "flattered by the test set":
        return "that candidate is best on the test pictures; choose by the validation pictures"
    if name == "worst":
        return "that candidate has the largest MSE on the validation pictures; which has the smallest?"
    if name != "best on validation":
        return f"the name is not a key of candidates; got {name!r}"
    if set(seen) - {name}:
        return "right, but the test pictures were shown to others than the winner"
    difference = candidates[name](test_x) - test_x
    mistakes = {
        "that is its MSE on the validation pictures": (candidates[name](valid_x) - valid_x).square().mean(),
        "that is the mean of the differences without their squares": difference.abs().mean(),
        "that is the sum; take the mean": difference.square().sum(),
        "that is the sum over the pixels of a picture; take the mean": difference.square().sum(1).mean(),
    }
    hint = compare(
        as_number(error), F.mse_loss(test_x + difference, test_x), mistakes, tolerance=1e-3, otherwise="look again"
    )
    return f"the name is right; the error to report is its MSE on the test pictures: {hint}" if hint else None
