"""Canvas."""

from adapters.canvas.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(name="canvas", title="Canvas", settings=Settings)
