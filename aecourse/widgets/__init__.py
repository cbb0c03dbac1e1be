"""The explorers: move a control, see the picture answer."""

from aecourse.widgets.bottleneck import BottleneckExplorer
from aecourse.widgets.drawing import DrawingPad
from aecourse.widgets.latent_map import LatentMapExplorer
from aecourse.widgets.trainer import TrainingExplorer

__all__ = ["BottleneckExplorer", "DrawingPad", "LatentMapExplorer", "TrainingExplorer"]
