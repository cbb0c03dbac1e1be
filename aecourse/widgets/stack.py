"""to be written"""

from __future__ import annotations

from aecourse.widgets.explorer import Explorer


class StackExplorer(Explorer):
    """taught in notebooks/04_deep_and_stacked.ipynb"""
