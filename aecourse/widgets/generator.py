"""to be written"""

from __future__ import annotations

from aecourse.widgets.explorer import Explorer


class GeneratorExplorer(Explorer):
    """taught in notebooks/08_variational.ipynb"""
