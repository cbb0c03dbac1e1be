"""What every explorer owes to its user: settings that say what they accept, a memory, words for the page, a picture."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
import traitlets
from PIL import Image

from aecourse.explorers.base.page import Explorer, check_setting


class Gray(Explorer):
    """One gray value, and a pattern to choose."""

    _esm = "export default {};"
    level = traitlets.Int(0, min=0, max=255).tag(sync=True)
    pattern = traitlets.Unicode("plain").tag(sync=True)
    column = traitlets.Int(0).tag(sync=True)

    def __init__(self, level: int = 0, *, columns: int = 28) -> None:
        self.columns = columns
        super().__init__(level=level, pattern="plain", column=0)
        self.later["half"] = lambda: b"half"
        self.resume()

    @traitlets.validate("pattern", "column")
    def _among(self, proposal) -> object:
        return check_setting(
            proposal, ("plain", "striped") if proposal["trait"].name == "pattern" else range(self.columns)
        )

    def rows(self, level: int, pattern: str, column: int) -> dict[str, torch.Tensor]:
        if level == 13:
            raise RuntimeError("no <13>, please")
        return {"gray": torch.full((2, 784), level / 255, requires_grad=True) * 1}


@pytest.fixture
def gray() -> Gray:
    """A fresh one, whose messages to the page are kept in `sent`."""
    gray = Gray(7)
    gray.sent = []
    gray.send = lambda content, buffers=None: gray.sent.append((content, buffers))
    return gray


def test_settings(gray):
    """The keywords of the constructor are the controls, in their order; a preset sets some of them."""
    assert gray.controls == ["level", "pattern", "column"]
    assert gray.settings() == {"level": 7, "pattern": "plain", "column": 0}
    gray.apply({"pattern": "striped", "level": 200})
    assert gray.settings() == {"level": 200, "pattern": "striped", "column": 0}


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("pattern", "dotted", r"pattern must be one of \('plain', 'striped'\); got 'dotted'"),
        ("column", 28, "column must be from 0 to 27; got 28"),
        ("column", "3", "'column' trait .* expected an int"),
        ("level", 256, "'level' trait .* should not be greater than 255"),
    ],
)
def test_wrong_settings(gray, name, value, words):
    """The error names control, value and what is accepted; nothing has changed."""
    before = gray.settings()
    with pytest.raises(traitlets.TraitError, match=words):
        setattr(gray, name, value)
    assert gray.settings() == before


def test_the_next_run_goes_on(gray):
    """Where the one before stood, as far as it still can."""
    gray.apply({"level": 99, "pattern": "striped", "column": 20})
    other = Gray(columns=10)
    other.remember(gray.memory())
    assert other.settings() == {"level": 99, "pattern": "striped", "column": 0}


def test_the_page_asks(gray):
    """What comes later is sent when it is asked for, and nothing else is."""
    gray._hear({"want": "half"})
    assert gray.sent == [({"asset": "half"}, [b"half"])]
    gray._hear({"want": "everything"}), gray._hear({})
    assert len(gray.sent) == 1


def test_rows_carry_no_gradients(gray):
    """Whoever asks for them."""
    assert not gray.rows(**gray.settings())["gray"].requires_grad


def test_a_notebook_stores_the_present_state(gray):
    """Words, a picture and the live widget."""
    gray.level = 200
    bundle, _ = gray._repr_mimebundle_()
    assert {"text/plain", "image/png", "application/vnd.jupyter.widget-view+json"} <= bundle.keys()
    assert "Gray" in bundle["text/plain"]
    image = np.asarray(Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).convert("L"))
    assert min(image.shape) > 200
    assert (image == 200).mean() > 0.1  # the present value, not the first


def test_an_error_in_the_picture_does_not_hide_the_explorer(gray):
    """It is shown all the same, and says why; the next change takes the words away (base/page.js)."""
    gray.level = 13
    bundle, _ = gray._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "image/png" not in bundle
    assert gray.notice == "RuntimeError: no <13>, please"


def test_closed(gray):
    """Nothing is asked any more, and nobody hears of it."""
    heard = []
    gray.observe(heard.append)
    gray.close()
    gray._hear({"want": "half"})
    heard.clear()
    gray.level = 3
    assert not gray.sent and not heard and gray.comm is None
