"""For teachers: slides made from the notebooks, and a report of what a learner did in them."""
