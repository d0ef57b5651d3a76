"""The whole bridge of tests/bridge/web, for the certification lists."""

from tests.bridge.web.conftest import bridge, campus, sign_in

__all__ = ["bridge", "campus", "sign_in"]
