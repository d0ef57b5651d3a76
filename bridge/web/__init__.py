"""The bridge's pages: the only rooms that know the web framework."""
