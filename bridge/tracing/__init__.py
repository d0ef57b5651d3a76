"""Traces: which steps a launch or a sync took, and for how long."""
