"""Any LMS that speaks LTI."""

from adapters.lti.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(name="lti", title="Any LTI platform", settings=Settings)
