"""From a student ID to a learner, and what to do when there is none."""
