"""Every exercise marks an untouched stub, a planted wrong answer and its own solution as what they are."""

from __future__ import annotations

import math
import re
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn

from aecourse import DenseAutoencoder
from aecourse.exercises import EXERCISES, Prediction, check, claim, exercise, verdict

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))

WRONG = {
    "00.1": [16, 12544, "49 times"],
    "00.2": [lambda x, x_hat: ((x - x_hat) ** 2).sum(1).mean(), lambda x, x_hat: (x - x_hat).abs().mean(), lambda x: x],
    "00.3": [0.114, torch.tensor(0.2), "small"],
    "01.1": [lambda n: int(math.log2(n)), lambda n: n, lambda n: math.log2(n)],
    "01.2": [(16, 8), (64, 8), 16],
    "01.3": [
        lambda: (torch.eye(8)[:, :2], torch.eye(8)[:, :2], torch.full((8,), -0.5)),
        lambda: torch.eye(8),
    ],
    "02.1": [lambda k: 2 * 784 * k, lambda k: 784 * k + k],
    "02.2": [lambda model, a, b: (a + b) / 2, lambda model, a, b: model((a + b) / 2)],
    "02.3": [DenseAutoencoder(16, hidden=()), nn.Linear(784, 16)],
    "03.1": [86, 0.9, 784],
    "03.2": [
        lambda x, mean, components: (x - mean) @ components.T,
        lambda x, mean, components: (x - mean) @ components.T @ components,
        lambda x, mean, components: x @ components.T @ components,
    ],
    "03.3": [lambda E, D, C: D.T, lambda E, D, C: torch.linalg.qr(D)[0].T, lambda E, D, C: E @ D],
    "04.1": [
        lambda below, above: 2 * below * above,
        lambda below, above: below * above + above,
        lambda below, above: 2 * (below * above + above),
    ],
    "04.2": [
        lambda bricks, x: nn.Sequential(*[brick.encoder for brick in bricks])(x),
        lambda bricks, x: bricks[0].decoder(bricks[2].decoder(bricks[1].decoder(x[:, :6]))),
        lambda bricks, x: bricks[0](x),
        lambda bricks, x: x,
    ],
    "04.3": [
        lambda first, second: (first.weight.T @ second.weight.T, second.bias),
        lambda first, second: (second.weight @ first.weight, second.bias),
        lambda first, second: (second.weight @ first.weight, second.weight @ first.bias),
        lambda first, second: second.weight @ first.weight,
    ],
    "05.1": [
        lambda units, k: units,
        lambda units, k: k * math.log2(units),
        lambda units, k: math.comb(units, k),
        lambda units, k: 0.0,
    ],
    "05.2": [
        lambda a, lam: (a - lam).relu(),
        lambda a, lam: a - lam / 2,
        lambda a, lam: torch.where(a > lam / 2, a, 0.0),
        lambda a, lam: a,
    ],
    "05.3": [
        lambda x, D, k: D.T @ x,
        lambda x, D, k: torch.where((D.T @ x).abs() >= (D.T @ x).abs().topk(k).values[-1], D.T @ x, 0.0),
        lambda x, D, k: torch.zeros(D.shape[1]),
        lambda x, D, k: x,
    ],
    "06.1": [
        lambda clean, damaged, repaired: 10 * ((repaired - clean) ** 2).mean().log10(),
        lambda clean, damaged, repaired: -10 * ((repaired - clean) ** 2).mean().log10(),
        lambda clean, damaged, repaired: (((damaged - clean) ** 2).mean() / ((repaired - clean) ** 2).mean()).log10(),
        lambda clean, damaged, repaired: 10 * (((damaged - clean) / (repaired - clean)) ** 2).log10().mean(),
    ],
    "06.2": [
        lambda model, x, damage: ((model(x) - x) ** 2).mean(),
        lambda model, x, damage: ((model(noisy := damage(x)) - noisy) ** 2).mean(),
        lambda model, x, damage: ((model(damage(x)) - damage(x)) ** 2).mean(),
        lambda model, x, damage: ((model(damage(x)) - x) ** 2).sum(),
        lambda model, x, damage: ((model(x) - damage(x)) ** 2).mean(),
    ],
    "06.3": [
        lambda x, centres, sigma: centres[torch.cdist(x, centres).argmin(1)],
        lambda x, centres, sigma: (-(torch.cdist(x, centres) ** 2) / sigma**2).softmax(1) @ centres,
        lambda x, centres, sigma: centres.mean(0).expand_as(x),
        lambda x, centres, sigma: x,
    ],
    "07.1": [
        lambda J, v: (J @ v).norm(),
        lambda J, v: ((J @ v).norm() / v.norm()) ** 2,
        lambda J, v: J @ v,
        lambda J, v: J.norm(),
    ],
    "07.2": [
        lambda z, W: (z * (1 - z)) ** 2 @ (W**2).sum(1),
        lambda z, W: (1 - z**2) @ (W**2).sum(1),
        lambda z, W: ((1 - z**2) ** 2 @ (W**2).sum(1)).mean(),
        lambda z, W: (1 - z**2) ** 2 @ W,
    ],
    "07.3": [
        lambda x, W1, W2: W2 @ W1,
        lambda x, W1, W2: W2 @ (torch.sigmoid(W1 @ x) * (1 - torch.sigmoid(W1 @ x)))[:, None] * W1.sum(0),
        lambda x, W1, W2: (W2 @ W1).T,
    ],
    "08.1": [2.135335, 0.533834, 1.5403, torch.tensor([0.5, 0.5677]), "one"],
    "08.2": [
        lambda log_w: log_w.mean(0),
        lambda log_w: log_w.logsumexp(0),
        lambda log_w: log_w.exp().mean(0).log(),
        lambda log_w: log_w.logsumexp(1),
    ],
    "08.3": [
        lambda w, b, sigma, x: (w @ (x - b) / (sigma**2 + w @ w), torch.tensor(0.0)),
        lambda w, b, sigma, x: (w @ (x - b) / (w @ w), -(1 + w @ w / sigma**2).log()),
        lambda w, b, sigma, x: w @ x,
    ],
    "09.1": [
        lambda normal, abnormal, threshold: (
            (abnormal <= threshold).float().mean(),
            (normal > threshold).float().mean(),
        ),
        lambda normal, abnormal, threshold: ((normal > threshold).sum(), (abnormal <= threshold).sum()),
        lambda normal, abnormal, threshold: ((normal > threshold).sum() / 240, (abnormal <= threshold).sum() / 240),
        lambda normal, abnormal, threshold: (
            (normal > threshold).float().mean(),
            (abnormal > threshold).float().mean(),
        ),
        lambda normal, abnormal, threshold: (
            (normal >= threshold).float().mean(),
            (abnormal < threshold).float().mean(),
        ),
        lambda normal, abnormal, threshold: (normal > threshold).float().mean(),
    ],
    "09.2": [
        lambda a, b: (a[:, None] == b[None]).sum(2),
        lambda a, b: a.float() @ b.float().T,
        lambda a, b: a.float() @ (1 - b.float()).T,
        lambda a, b: torch.cdist(a.float(), b.float()),
        lambda a, b: (a[:, None] != b[None]).sum(2).T,
    ],
    "09.3": [
        lambda candidates, valid_x, test_x: first_by(candidates, test_x, test_x),
        lambda candidates, valid_x, test_x: first_by(candidates, valid_x, valid_x),
        lambda candidates, valid_x, test_x: ("worst", torch.tensor(0.36)),
        lambda candidates, valid_x, test_x: [first_by(candidates, x, test_x) for x in (test_x, valid_x)][1],
        lambda candidates, valid_x, test_x: first_by(candidates, valid_x, test_x)[0],
    ],
}
PLANTED = [(name, answer) for name, answers in WRONG.items() for answer in answers]


def first_by(candidates: dict, choosing_x: torch.Tensor, reported_x: torch.Tensor) -> tuple[str, torch.Tensor]:
    """the candidate with the smallest error on one set of pictures, and its error on another"""
    errors = {name: (restore(choosing_x) - choosing_x).square().mean() for name, restore in candidates.items()}
    winner = min(errors, key=errors.get)
    return winner, (candidates[winner](reported_x) - reported_x).square().mean()


def cells(tag: str) -> dict[str, nbformat.NotebookNode]:
    """{exercise: its cell with this tag}, from all notebooks"""
    found = {}
    for path in NOTEBOOKS:
        for cell in nbformat.read(path, as_version=4).cells:
            if tag in cell.metadata.get("tags", []):
                (name,) = re.findall(r'check\("(\d\d\.\d)"', cell.source)
                assert name.startswith(path.name[:2]), f"{name} stands in {path.name}"
                found[name] = cell
    return found


def said(cell: nbformat.NotebookNode) -> str:
    """what the cell printed when it was stored"""
    return "".join(output.get("text", "") for output in cell.outputs)


def test_every_exercise_is_in_a_notebook_with_a_solution_and_a_planted_error() -> None:
    """the register, the stubs, the solutions and the wrong answers below name the same exercises"""
    assert set(EXERCISES) == set(cells("exercise")) == set(cells("solution")) == set(WRONG)


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_untouched_stub_is_not_attempted(name: str, capsys: pytest.CaptureFixture) -> None:
    """the stub as stored runs and is called not attempted, now and in the stored output"""
    cell = cells("exercise")[name]
    exec(compile(cell.source, name, "exec"), {"check": check, "torch": torch})
    assert capsys.readouterr().out == said(cell)
    assert f"Exercise {name}: not attempted" in said(cell)


@pytest.mark.parametrize("name", sorted(EXERCISES))
def test_shipped_solution_is_right(name: str) -> None:
    """the stored run of the solution, which nbval repeats, was marked right"""
    assert said(cells("solution")[name]).strip() == f"Exercise {name}: ✓ right."


@pytest.mark.parametrize(("name", "answer"), PLANTED)
def test_planted_error_gets_a_hint(name: str, answer: object) -> None:
    """a wrong answer is not right, and the hint says something"""
    sentence = verdict(name, answer)
    assert sentence.startswith("not yet. Hint: ") and len(sentence) > 30


def test_a_crashing_answer_is_a_hint_not_a_crash() -> None:
    """whatever a learner's function raises is shown and survived"""
    assert "ZeroDivisionError" in verdict("00.2", lambda x, x_hat: 1 / 0)


def test_unknown_and_double_names_are_refused() -> None:
    """check names what it knows; registering twice is a mistake"""
    with pytest.raises(ValueError, match=r"name must be one of 00\.1"):
        verdict("99.9", 1)
    with pytest.raises(ValueError, match="registered twice"):
        exercise("00.1", "easy")(lambda answer: None)


@pytest.mark.parametrize(
    ("value", "bounds"), [(2, {"at_most": 1}), (0, {"at_least": 1}), (float("nan"), {"at_most": 1})]
)
def test_claim_out_of_bounds_fails(value: float, bounds: dict) -> None:
    """a claim that does not hold stops the notebook and says what was measured"""
    with pytest.raises(AssertionError, match="the error"):
        claim("the error", value, **bounds)


def test_claim_prints_sentence_number_and_bounds(capsys: pytest.CaptureFixture) -> None:
    """the measured number stands behind ≈, the bound to the letter"""
    claim("the error", 0.01234, at_most=0.02)
    assert capsys.readouterr().out == "✓ the error: ≈ 0.0123 (claimed: at most 0.02)\n"
    with pytest.raises(ValueError, match="at_least, at_most or both"):
        claim("the error", 1)


def test_prediction_is_compared_with_the_measurement(capsys: pytest.CaptureFixture) -> None:
    """no prediction, a right one and a wrong one each get their sentence"""
    prediction = Prediction("How many?", ["one", "two"])
    for choice, words in ((None, "no prediction"), ("two", "just that"), ("one", "You predicted one")):
        prediction.buttons.value = choice
        prediction.reveal("two")
        assert words in capsys.readouterr().out
    with pytest.raises(ValueError, match="answer must be one of"):
        prediction.reveal("three")
    with pytest.raises(ValueError, match="options must be two"):
        Prediction("How many?", ["one"])
    assert "○ one" in prediction._repr_mimebundle_()["text/plain"]
