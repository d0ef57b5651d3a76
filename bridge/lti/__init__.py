"""The LTI protocol, 1.1 and 1.3: no web framework, no particular LMS."""
