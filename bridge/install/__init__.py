"""How an LMS administrator installs the bridge: the setup guide, and dynamic registration."""
