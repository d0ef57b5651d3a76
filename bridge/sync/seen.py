"""Users who were seen on a roster."""

from bridge.seen import SeenIds as SeenUsers

__all__ = ["SeenUsers"]
