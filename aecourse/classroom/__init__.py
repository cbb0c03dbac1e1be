"""What a learner and a teacher do with the notebooks: working copies, and reports of what was done in them."""
