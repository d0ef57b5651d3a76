"""Our own keys, and the secrets of others at rest."""
