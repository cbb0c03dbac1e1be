"""The classifier on top of an autoencoder, and the one training of the course that sees labels."""

import numpy as np
import pytest
import torch
from helpers.models import small_stack
from helpers.strategies import (
    bad_images,
    choices_other_than,
    not_counts,
    not_rates,
    not_seeds,
    numpy_of,
    refuses,
    same,
    state_of,
)
from hypothesis import given
from scipy.special import log_softmax

from aecourse.models import Classifier, DenseAutoencoder, StackedAutoencoder
from aecourse.training import fit_classifier

QUIET = {"progress": False}


class TestClassifier:
    """One linear layer on a copied encoder."""

    @pytest.fixture
    def x(self) -> torch.Tensor:
        """20 rows of noise."""
        return torch.rand(20, 12, generator=torch.Generator().manual_seed(1))

    @pytest.fixture
    def labels(self) -> torch.Tensor:
        """A class for each of the 20 rows."""
        return torch.arange(20) % 4

    def test_scores_and_loss_by_hand(self, x, labels, device):
        """Logits from the code, cross-entropy in nats by SciPy's log_softmax, accuracy by NumPy."""
        stack = small_stack().to(device)
        model, x, labels = Classifier(stack, classes=4).to(device), x.to(device), labels.to(device)
        logits = numpy_of(stack.encode(x)) @ numpy_of(model.head.weight).T + numpy_of(model.head.bias)
        np.testing.assert_allclose(numpy_of(model(x)), logits, atol=1e-5)
        expected = -log_softmax(logits, 1)[np.arange(20), labels.cpu()].mean()
        assert model.loss(x, labels)["total"].item() == pytest.approx(expected, rel=1e-5)
        share = (logits.argmax(1) == labels.cpu().numpy()).mean()
        model.train()
        for batch_size in (1, 7, 20, 100):
            assert model.accuracy(x, labels, batch_size=batch_size) == pytest.approx(share)
        assert model.training

    def test_bad_input(self, x, labels):
        """Images, labels and batch size, each by its name."""
        model = Classifier(small_stack(), classes=4)
        for wrong in (labels[:-1], labels.float(), labels.int(), labels.tolist(), None, labels + 1, labels - 1):
            refuses("labels", model.accuracy, x, wrong)
        for batch_size in (0, -1, 2.0, None, True):
            refuses("batch_size", model.accuracy, x, labels, batch_size=batch_size)
        for classes in (1, 0, True, 2.0, "10"):
            refuses("classes", Classifier, small_stack(), classes=classes)
        for stranger in (None, torch.nn.Linear(2, 2), StackedAutoencoder):
            refuses("model", Classifier, stranger)

    @given(images=bad_images(12))
    def test_bad_images(self, images):
        """As everywhere."""
        refuses("x", Classifier(small_stack()).accuracy, images, torch.zeros(3, dtype=torch.int64))


class TestFitClassifier:
    """Cross-entropy by Adam, on a copy of the encoder."""

    @pytest.fixture
    def x(self, blobs) -> torch.Tensor:
        """40 images that can be learnt, with more contrast."""
        return (0.5 + 4 * (blobs - blobs.mean(0))).clamp(0, 1)

    @pytest.fixture
    def labels(self, x) -> torch.Tensor:
        """Bright or dark: a question that can be answered."""
        return (x.mean(1) > x.mean(1).median()).long()

    def test_steps_are_adam_by_hand(self, x, labels, device):
        """Two full-batch steps; torch's cross-entropy written out."""
        torch.manual_seed(0)
        model = Classifier(DenseAutoencoder(4, hidden=(8,)), classes=2).to(device)
        twin = Classifier(model.body, classes=2).to(device)
        twin.load_state_dict(model.state_dict())
        twin.double()
        x, labels = x.to(device), labels.to(device)
        fit_classifier(model, x, labels, epochs=2, batch_size=40, lr=1e-2, schedule="constant", **QUIET)
        used = [*twin.body.encoder.parameters(), *twin.head.parameters()]
        first, second = ([torch.zeros_like(p) for p in used] for _ in range(2))
        for t in (1, 2):
            logits = twin(x.double())
            loss = (logits.exp().sum(1).log() - logits[torch.arange(40), labels]).mean()
            for p, g, m, v in zip(used, torch.autograd.grad(loss, used), first, second, strict=True):
                m.mul_(0.9).add_(0.1 * g)
                v.mul_(0.999).add_(0.001 * g**2)
                p.data -= 1e-2 * (m / (1 - 0.9**t)) / ((v / (1 - 0.999**t)).sqrt() + 1e-8)
        for trained, by_hand in zip(model.parameters(), twin.parameters(), strict=True):
            torch.testing.assert_close(trained.double(), by_hand, atol=5e-4, rtol=0)

    def test_it_learns_and_the_autoencoder_stays(self, x, labels):
        """The same numbers under one seed; the encoder underneath is fine-tuned, the original is not."""
        stack, results = StackedAutoencoder(4, hidden=(16, 8), depth=3), []
        before = state_of(stack)
        for _ in range(2):
            torch.manual_seed(1)
            model = Classifier(stack, classes=2)
            history = fit_classifier(model, x, labels, epochs=60, batch_size=8, lr=1e-2, seed=3, **QUIET)
            results.append((history.train, state_of(model)))
        assert results[0][0] == results[1][0]
        assert same(results[0][1], results[1][1])
        assert same(stack.state_dict(), before)
        assert not same(model.body.state_dict(), before)
        losses = [terms["total"] for terms in history.train]
        assert losses[0] == pytest.approx(np.log(2), abs=0.3)
        assert losses[-1] < 0.3 * losses[0]
        assert model.accuracy(x, labels) > 0.9
        assert not model.training

    @given(
        epochs=not_counts,
        batch_size=not_counts,
        lr=not_rates,
        schedule=choices_other_than("trapezoid", "constant"),
        seed=not_seeds,
        images=bad_images(784),
    )
    def test_bad_input(self, images, **settings):
        """Settings, images, labels and model, each by its name and before any work."""
        model, labels = Classifier(DenseAutoencoder(2, hidden=()), classes=3), torch.tensor([0, 1, 2])
        before, good = state_of(model), torch.full((3, 784), 0.5)
        for name, value in settings.items():
            refuses(name, fit_classifier, model, good, labels, **{name: value})
        refuses("x", fit_classifier, model, images, labels)
        for wrong in (labels[:2], labels.float(), labels + 1, labels - 1, labels.tolist(), None):
            refuses("labels", fit_classifier, model, good, wrong)
        refuses("model", fit_classifier, model.body, good, labels)
        assert same(model.state_dict(), before)
        normed = Classifier(DenseAutoencoder(2, hidden=(4,), batch_norm=True))
        refuses("batch_size", fit_classifier, normed, good, labels, batch_size=2)
