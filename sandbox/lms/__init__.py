"""A small LMS that signs: it plays Canvas, Moodle and a SCORM and AICC player, for the demo and for tests."""
