"""to be written"""

from __future__ import annotations

from aecourse.widgets.explorer import Explorer


class ContractionExplorer(Explorer):
    """taught in notebooks/07_contractive.ipynb"""
