"""Progress on its way from OttoLearn back to the LMS."""
