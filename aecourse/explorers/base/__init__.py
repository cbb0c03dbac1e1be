"""What the explorers are made of: the view, its controls and canvases, charts, and what frees them."""
