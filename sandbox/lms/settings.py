"""What the sandbox LMS is told at start: where it stands, and the tool that its admins installed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bridge.contracts import Kind
from sandbox.lms.packages import Package
from sandbox.people import PEOPLE, Person


@dataclass(frozen=True)
class LtiTool:
    """The bridge as one LMS product knows it: an LTI 1.3 registration and an LTI 1.1 consumer key."""

    product: str
    """`canvas` or `moodle`: whose claims and fields are sent."""
    platform_url: str
    """Where this product's own pages stand, without a slash at the end."""
    issuer: str
    client_id: str
    deployment_id: str
    consumer_key: str
    shared_secret: str = field(repr=False)
    login_url: str
    launch_url: str
    """The registered redirect_uri, the target_link_uri, and where LTI 1.1 launches are posted."""

    @property
    def auth_url(self) -> str:
        """The authorization endpoint."""
        return f"{self.platform_url}/auth"

    @property
    def jwks_url(self) -> str:
        """The platform's public keys."""
        return f"{self.platform_url}/jwks.json"


@dataclass(frozen=True)
class Campus:
    """One sandbox LMS."""

    url: str
    """Scheme, host and port, without a slash at the end."""
    tools: Mapping[str, LtiTool]
    """By the name of the bridge's connection."""
    packages: Mapping[Kind, Package]
    """The SCORM packages that were uploaded."""
    aicc_launch_url: str
    destinations: tuple[str, ...]
    """Origins that launches lead to, beside our own: what our pages may post to and frame."""
    people: tuple[Person, ...] = PEOPLE
    """Everybody who has a seat here."""
    cmi5_launch_url: str = ""
    api_token: str = field(default="", repr=False)
    """What opens the REST API."""
    package_tokens: Mapping[str, str] = field(default_factory=dict, repr=False)
    """By format: what the uploaded AICC and cmi5 courses carry, and the LMS passes on."""

    @property
    def aicc_url(self) -> str:
        """Where courses call back by HACP."""
        return f"{self.url}/aicc"

    @property
    def cmi5_url(self) -> str:
        """Where fetch addresses and the LRS of cmi5 begin."""
        return f"{self.url}/cmi5/"
