"""The roster sync: what an LMS says against what OttoLearn has."""
