"""A launch: the use case, where a matched learner is sent, and how often anybody may try."""
