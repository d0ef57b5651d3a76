"""Ways into OttoLearn for a matched learner, one module each."""
