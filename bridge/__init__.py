"""OttoBridge: the software that lets any LMS open OttoLearn."""

__version__ = "0.1.0"
