"""For teachers: the site with its lectures, working copies, and a report of what a learner did in them."""
