"""The whole bridge of tests/bridge/web, for the certification lists."""

from tests.bridge.web.conftest import bridge, bridge_database, campus, configuration, sign_in

__all__ = ["bridge", "bridge_database", "campus", "configuration", "sign_in"]
