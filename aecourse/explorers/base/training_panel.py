"""The panel below an explorer in which its network can be trained."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets


class TrainingPanel(widgets.VBox):
    """A panel below an explorer in which its network can be trained; its `button` opens it and may stand elsewhere.

    Parameters
    ----------
    make : builds the TrainingExplorer, when the panel is first opened

    Attributes
    ----------
    button : the toggle
    trainer : the TrainingExplorer, once the panel was opened
    """

    def __init__(self, make: Callable[[], widgets.Box]) -> None:
        super().__init__([], layout={"display": "none", "border": "1px solid #BBBBBB", "padding": "8px"})
        self.button = widgets.ToggleButton(value=False, description="train it yourself", icon="play")
        self.button.observe(lambda change: self._show(), "value")
        self._make = make

    def _show(self) -> None:
        if self.button.value and not self.children:
            self.trainer = self._make()
            self.children = [self.trainer]
        self.layout.display = "flex" if self.button.value else "none"

    def renew(self) -> None:
        """Build the trainer again, for what the explorer shows now; a run under way goes on."""
        if self.children and not self.trainer.training:
            self.trainer.close()
            self.children = []
            self._show()
