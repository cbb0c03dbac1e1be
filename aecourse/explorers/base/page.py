"""What every explorer shares: it computes in the page, and Python keeps its settings, its data and the same rows."""

from __future__ import annotations

import base64
import contextlib
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import anywidget
import torch
import traitlets
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from aecourse.bundle import bundle
from aecourse.explorers.base.lifetime import replaces_earlier_run, return_memory
from aecourse.explorers.base.network import UnknownLayerError, pack, pack_network
from aecourse.jupyter import only_a_picture
from aecourse.models import Autoencoder
from aecourse.plotting import STYLE, figure_png, plot_reconstructions

HERE = Path(__file__).parent
STYLE_SHEET = bundle(HERE / "page.css")


class Whole(traitlets.Int):
    """A trait for a whole number; True is none."""

    def validate(self, owner: traitlets.HasTraits, value: object) -> int:
        """Return the value if it is accepted."""
        if isinstance(value, bool):
            self.error(owner, value)
        return super().validate(owner, value)


class Real(traitlets.Float):
    """A trait for a number from `min` to `max`; NaN, infinity and True are refused."""

    def info(self) -> str:
        """Say what is accepted."""
        return "a number" if math.isinf(self.max) else f"a number from {self.min:g} to {self.max:g}"

    def validate(self, owner: traitlets.HasTraits, value: object) -> float:
        """Return the value if it is accepted."""
        low, high = max(self.min, -sys.float_info.max), min(self.max, sys.float_info.max)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.error(owner, value)
        return float(value)


class Choice(traitlets.Enum):
    """A trait for one of some words and numbers; its value is the one in the list. True is not 1."""

    def validate(self, owner: traitlets.HasTraits, value: object) -> str | int | float:
        """Return the value if it is accepted."""
        plain = isinstance(value, str | int | float) and not isinstance(value, bool)
        found = [own for own in self.values if plain and own == value]
        if not found:
            self.error(owner, value)
        return found[0]


class Raw(traitlets.Bytes):
    """A trait for bytes, which a browser sends as a memoryview."""

    def validate(self, owner: traitlets.HasTraits, value: object) -> bytes:
        """Return the bytes; a number is refused, though bytes(5) would accept it."""
        return super().validate(owner, bytes(value) if isinstance(value, bytearray | memoryview) else value)


class Explorer(anywidget.AnyWidget):
    """A picture and a caption that the page computes from the values of some controls.

    A subclass names its script, declares a synced trait for each control, and gives `setup`, what the script must know,
    and `assets`, what it computes with. `rows` and `numbers` say the same in torch: they make the stored picture, stand
    in where the page cannot compute a network, and are what the script is tested against.

    Attributes
    ----------
    controls : names of the traits that a learner sets
    setup : words and numbers for the script
    assets : {name: bytes of a safetensors file}
    later : {name: makes such bytes}, what the page asks for when it needs it
    """

    _css = STYLE_SHEET
    controls = traitlets.List(traitlets.Unicode()).tag(sync=True)
    setup = traitlets.Dict().tag(sync=True)
    assets = traitlets.Dict().tag(sync=True)
    notice = traitlets.Unicode().tag(sync=True)  # what Python has to say, such as an error
    still = traitlets.Unicode().tag(sync=True)  # the last picture, for a notebook that is opened without a kernel

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in {"rows", "numbers"} & vars(cls).keys():
            setattr(cls, name, torch.inference_mode()(vars(cls)[name]))  # what is shown needs no gradients

    def __init__(self, **settings: object) -> None:
        self.later: dict[str, Callable[[], bytes]] = {}
        self._run_here: dict[str, Autoencoder] = {}  # networks that the page cannot compute, by the asset's name
        super().__init__(controls=list(settings), **settings)
        self.on_msg(lambda _, message, buffers: self._take(message, buffers))
        self._memory = replaces_earlier_run(self)

    def resume(self) -> None:
        """Go on where an earlier run of the same cell stood; the last line of a subclass's `__init__`."""
        if self._memory:
            self.remember(self._memory)
        self._memory = None

    def rows(self, **settings: object) -> dict[str, torch.Tensor]:
        """Return the rows of images that these settings show, each (n, 784)."""
        raise NotImplementedError

    def numbers(self, **settings: object) -> dict[str, float]:
        """Return the numbers that the caption of these settings has, by name."""
        return {}

    def settings(self) -> dict[str, object]:
        """Return the present value of every control."""
        return {name: getattr(self, name) for name in self.controls}

    def apply(self, preset: Mapping[str, object]) -> None:
        """Set some controls at once, as a preset of the demo board does; if one is refused, all stay as they were."""
        check_preset(preset)
        if unknown := preset.keys() - {*self.controls}:
            accepted = ", ".join(self.controls) or "nothing here"
            raise ValueError(f"a preset may set {accepted}; got {min(map(str, unknown))}")
        before = self.settings()
        try:
            self._set(preset)
        except traitlets.TraitError:
            self._set(before)
            raise

    def _set(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def set_state(self, sync_data: Mapping[str, object]) -> None:
        """Take what the page has set. If it is not accepted, say so in the page, and restore the last good state."""
        free = {*self.controls, "notice", "still"}
        try:
            super().set_state({name: value for name, value in sync_data.items() if name in free})
        except traitlets.TraitError as error:
            self.notice = str(error)
            self.send_state(self.controls)

    def memory(self) -> dict:
        """Return what goes on when the explorer's cell runs again."""
        return {"settings": self.settings()}

    def remember(self, memory: dict) -> None:
        """Restore what the explorer of an earlier run of the cell remembered."""
        for name, value in memory["settings"].items():
            with contextlib.suppress(traitlets.TraitError):  # not accepted any more
                setattr(self, name, value)

    def packed(self, asset: str, model: Autoencoder, *, parts: Sequence[str] = ()) -> bytes:
        """Return a network for the page; if it has layers that the page cannot compute, the page asks the kernel."""
        try:
            return pack_network(model, parts=parts, exact=True)
        except UnknownLayerError:
            self._run_here[asset] = model
            return pack({}, {"remote": True})

    def _take(self, message: Mapping, buffers: Sequence[bytes]) -> None:
        """Do what the page asks for; the page shows an error, which would otherwise appear below some cell."""
        try:
            if not isinstance(message, Mapping):
                raise TypeError(f"a message of the page must be an object; got {type(message).__name__}")
            if "run" in message:
                self._run(message, buffers)
            else:
                self._hear(message, buffers)
        except Exception as error:  # any exception: a learner's own network may run here
            self.notice = f"{type(error).__name__}: {error}"

    def _run(self, message: Mapping, buffers: Sequence[bytes]) -> None:
        """Compute a part of a network for the page: n rows of float32 in, n rows out."""
        name, part, n, key = (message.get(word) for word in ("run", "part", "n", "key"))
        if not isinstance(name, str) or name not in self._run_here or part not in ("encoder", "decoder"):
            known = ", ".join(self._run_here) or "no network"
            raise ValueError(f"the kernel runs the encoder or the decoder of {known} here; got {name!r}, {part!r}")
        if isinstance(n, bool) or not isinstance(n, int) or n < 1 or len(buffers) != 1 or len(buffers[0]) % (4 * n):
            raise ValueError(f"the page must send n rows of float32; got n = {n!r} and {[*map(len, buffers)]} bytes")
        model, rows = self._run_here[name], torch.frombuffer(bytearray(buffers[0]), dtype=torch.float32).view(n, -1)
        with torch.inference_mode():
            result = (model.encode if part == "encoder" else model.decode)(rows)
        self.send({"ran": key}, [result.float().cpu().contiguous().numpy().tobytes()])

    def _hear(self, message: Mapping, buffers: Sequence[bytes] = ()) -> None:
        """Give the page what it asks for."""
        name = message.get("want")
        if isinstance(name, str) and name in self.later:
            self.send({"asset": name}, [self.later[name]()])

    def close(self) -> None:
        """Take the explorer off the page and give back its memory; running its cell again does so too."""
        self.layout.close()
        super().close()
        self.unobserve_all()
        self.assets, self.later = {}, {}
        return_memory()

    def draw_static(self, figure: Figure) -> None:
        """Draw what a reader without a kernel sees; by default the rows."""
        plot_reconstructions(self.rows(**self.settings()), ax=figure.subplots())

    def static_png(self) -> bytes:
        """Return the explorer's present state as a PNG file, for a notebook read without a kernel."""
        figure = Figure(figsize=(10, 3.6), dpi=STYLE["figure.dpi"], layout="constrained")
        FigureCanvasAgg(figure)
        with torch.inference_mode():
            self.draw_static(figure)
        words = only_a_picture() or "a stored picture: run this cell to get the controls"
        figure.supxlabel(words, fontsize=10, color="#666666")
        return figure_png(figure)

    def _repr_mimebundle_(self, **kwargs) -> tuple[dict, dict]:
        data, metadata = super()._repr_mimebundle_(**kwargs)
        data["text/plain"] = f"{type(self).__name__}: run this cell to use it"
        try:
            data["image/png"] = base64.b64encode(self.static_png()).decode()
        except Exception as error:  # without a picture the explorer itself can still be shown, and say why
            self.notice = f"{type(error).__name__}: {error}"
        return_memory()
        return data, metadata


def check_preset(preset: Mapping[str, object]) -> None:
    """Raise an error unless a preset is a dict of controls."""
    if not isinstance(preset, Mapping) or not all(isinstance(name, str) for name in preset):
        raise TypeError(f"a preset must be a dict {{control: value}}; got {preset!r}")


def check_setting(proposal: Mapping, accepted: Sequence) -> object:
    """Return a value proposed for a trait if it is accepted; the error names trait and values."""
    name, value = proposal["trait"].name, proposal["value"]
    if value not in accepted:
        words = f"from {accepted[0]} to {accepted[-1]}" if isinstance(accepted, range) else f"one of {accepted}"
        raise traitlets.TraitError(f"{name} must be {words}; got {value!r}")
    return value
