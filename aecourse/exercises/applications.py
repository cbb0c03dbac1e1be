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
        "the order is wrong: return the false alarms first, the misses second": expected.flip(0),
        "those are counts; take shares, each of its own group": counts,
        "those are percentages; a share goes from 0 to 1": 100 * expected,
        "each share is of its own group: false alarms among the normal, misses among the abnormal": counts / 240,
        "each share is of its own group, not of all scores on one side of the threshold": torch.stack(
            [counts[0] / (counts[0] + 200 - counts[1]), counts[1] / (counts[1] + 40 - counts[0])]
        ),
    }
    if agree(got, expected, 1e-4):
        return None
    if hint := recognise(got, mistakes):
        return hint
    mistakes = {
        "that is the share without an alarm; a false alarm is a normal score above the threshold": 1 - alarms,
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
def slant_of_digits(answer) -> Hint:
    """Expect a function of pictures (n, 28, 28) that gives how far ink moves right from one row to the next, (n,)."""
    generator = torch.Generator().manual_seed(0)
    x = torch.zeros(4, 28, 28)
    x[:, 3:21, 8:26] = torch.rand(4, 18, 18, generator=generator) ** 3
    for row in range(3, 21):
        x[0, row, 4 + row // 2] = x[1, row, 24 - row] = 3
    p, along = x.double(), torch.arange(28.0, dtype=torch.float64)
    ink = p.sum((1, 2))
    column, row = ((p * by).sum((1, 2)) / ink for by in (along, along[:, None]))

    def moment(a: int, b: int, column=column, row=row) -> torch.Tensor:  # the sum of ink · dx^a · dy^b
        dx, dy = along - column[:, None], along - row[:, None]
        return (p * (dy**b)[:, :, None] * (dx**a)[:, None, :]).sum((1, 2))

    corner, middle = torch.zeros(4, dtype=torch.float64), torch.full((4,), 13.5, dtype=torch.float64)
    expected = moment(1, 1) / moment(0, 2)
    mistakes = {
        "the other way round: y grows downwards, and a shift to the right from row to row is positive": -expected,
        "measure from the centre of the ink, not from the corner": (
            moment(1, 1, corner, corner) / moment(0, 2, corner, corner)
        ),
        "measure from the centre of the ink, not of the picture": (
            moment(1, 1, middle, middle) / moment(0, 2, middle, middle)
        ),
        "that is divided by the sum with dx²; columns per row need dy²": moment(1, 1) / moment(2, 0),
        "divide by the sum of ink · dy², not by the ink": moment(1, 1) / ink,
        "that is the numerator; divide by the sum of ink · dy²": moment(1, 1),
        "that is a correlation; divide by the sum of ink · dy² alone": (
            moment(1, 1) / (moment(2, 0) * moment(0, 2)).sqrt()
        ),
        "that is the angle; the slant is its tangent, in columns per row": expected.atan(),
        "that is one number for all pictures together; add up over the rows and columns of each": (
            moment(1, 1).sum() / moment(0, 2).sum()
        ),
    }
    return compare(call(answer, x), expected, mistakes, tolerance=1e-3)


@exercise("09.3", "medium")
def expected_hamming(answer) -> Hint:
    """Expect a function (a, b) of chances of a 1, (n, k) and (m, k): how many bits differ on average, (n, m)."""
    generator = torch.Generator().manual_seed(0)
    a, b = torch.rand(2, 4, 9, generator=generator)
    a[0], b = (a[0] > 0.5).float(), b[:3]  # one row holds certain bits, 0 or 1
    one_a, one_b = a.double(), b.double()
    both, neither = one_a @ one_b.T, (1 - one_a) @ (1 - one_b).T
    expected, sure_a, sure_b = 9 - both - neither, one_a > 0.5, one_b > 0.5
    mistakes = {
        "that is right only for certain bits: .5 and .5 differ half of the time, though the numbers are equal": (
            (one_a[:, None] - one_b).abs().sum(2)
        ),
        "that treats every bit as certain, 0 or 1; keep the chances": (sure_a[:, None] != sure_b).sum(2),
        "that asks whether two chances are equal; how probable is it that the two bits differ?": (
            (one_a[:, None] != one_b).sum(2)
        ),
        "that counts the bits in which they agree": both + neither,
        "that counts the places where both bits are 1; add up both ways to differ": both,
        "half of it: bits differ also where the first is 0 and the second 1": one_a @ (1 - one_b).T,
        "half of it: bits differ also where the first is 1 and the second 0": (1 - one_a) @ one_b.T,
        "that is the share of bits; count them": expected / 9,
        "that is a squared distance between chances; two ways to differ, each with its probability": (
            (one_a[:, None] - one_b).square().sum(2)
        ),
        "that is a distance along a straight line; two ways to differ, each with its probability": (
            torch.cdist(one_a, one_b)
        ),
        "rows belong to the first tensor and columns to the second: transpose": expected.T,
        "that is one number for each bit; sum them over the last dimension": (
            one_a[:, None] * (1 - one_b) + (1 - one_a[:, None]) * one_b
        ),
    }
    mistakes = {hint: torch.as_tensor(wrong).double() for hint, wrong in mistakes.items()}
    return compare(call(answer, a, b), expected, mistakes)


def _chosen(valid: torch.Tensor, test: torch.Tensor) -> torch.Tensor:
    return test[valid.mean(1).argmax()]


@exercise("09.4", "medium")
def fair_difference(answer) -> Hint:
    """Expect a function of four tables (settings, draws): the mean paired test difference A − B, its standard error."""
    generator = torch.Generator().manual_seed(0)
    hard = 0.03 * torch.randn(10, generator=generator).double()  # a draw that is hard for one is hard for the other
    best = {"A": ([0.70, 0.76, 0.73], [0.78, 0.74, 0.71]), "B": ([0.66, 0.71, 0.72, 0.69], [0.70, 0.73, 0.69, 0.71])}
    tables = []
    for on_valid, on_test in best.values():
        for level in (on_valid, on_test):
            noise = 0.012 * torch.randn(len(level), 10, generator=generator).double()
            tables.append(torch.tensor(level, dtype=torch.float64)[:, None] + hard + noise)
    valid_a, test_a, valid_b, test_b = tables
    parts = as_parts(call(answer, *(table.float() for table in tables)), "the mean difference", "its standard error")
    got = torch.tensor([as_number(part) for part in parts], dtype=torch.float64)
    a, b = _chosen(valid_a, test_a), _chosen(valid_b, test_b)

    def judged(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return torch.stack([(a - b).mean(), (a - b).std() / 10**0.5])

    each = [test.gather(0, valid.argmax(0)[None])[0] for valid, test in ((valid_a, test_a), (valid_b, test_b))]
    top = [test.amax(0) for test in (test_a, test_b)]
    expected = judged(a, b)
    if agree(got, expected, 1e-3):
        return None
    means = {
        "that is B − A; the question is how far A is ahead: A − B": -expected[0],
        "the settings were chosen on the test tables; choose on the validation tables": (
            judged(_chosen(test_a, test_a), _chosen(test_b, test_b))[0]
        ),
        "the best test result of each draw was taken; choose one setting on the validation tables": judged(*top)[0],
        "a setting was chosen for each draw; choose one for all draws, by its mean": judged(*each)[0],
        "A was given its best setting, B was given its first; choose a setting for both": judged(a, test_b[0])[0],
        "B was given its best setting, A was given its first; choose a setting for both": judged(test_a[0], b)[0],
        "that is the difference on validation; choose there, judge on the test tables": (
            judged(_chosen(valid_a, valid_a), _chosen(valid_b, valid_b))[0]
        ),
        "that is the mean over all settings; choose one for each side": (test_a.mean() - test_b.mean()),
    }
    n, difference = 10, a - b
    errors = {
        "that is the standard deviation of the differences; divide by the root of their number": difference.std(),
        "in the standard deviation, divide by n − 1: the mean was taken from the same draws": (
            difference.std(correction=0) / n**0.5
        ),
        "that treats the two as independent; pair them draw by draw": ((a.var() + b.var()) / n).sqrt(),
        "that is the variance of the mean; take its root": difference.var() / n,
        "divide by the root of the number of draws, not by the number": difference.std() / n,
        "that is the half width of an interval; return one standard error": 1.96 * difference.std() / n**0.5,
        "that is the half width of an interval of two standard errors; return one": 2 * difference.std() / n**0.5,
    }
    otherwise = "choose by the mean of each row of the validation table, then look at the same row of the test table"
    if hint := compare(got[0], expected[0], means, tolerance=1e-3, otherwise=otherwise):
        return f"the mean difference: {hint}"
    otherwise = "divide the standard deviation of the paired differences by the root of their number"
    return f"the standard error: {compare(got[1], expected[1], errors, tolerance=1e-3, otherwise=otherwise)}"


@exercise("09.5", "stretch")
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
        return "right, but the test pictures were shown to others as well as to the winner"
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
