"""The OttoLearn side: its API, and the ways in for a matched learner."""
