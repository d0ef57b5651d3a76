"""The configuration: its file, the shape of settings, and every connection there is."""
