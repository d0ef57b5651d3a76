"""What a connection must know to trust an LMS's LTI launches: settings that every LTI adapter shares."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from bridge.config.settings import Frozen, WebAddress

SignatureMethod = Literal["HMAC-SHA1", "HMAC-SHA256"]


class Lti13(Frozen):
    """One registration on an LTI 1.3 platform."""

    issuer: WebAddress
    client_id: str = Field(min_length=1)
    deployment_ids: tuple[str, ...] = ()
    learn_deployments: bool = False
    """Whether a deployment that nobody named is trusted from its first well-signed launch on."""
    auth_url: WebAddress
    token_url: WebAddress | None = None
    token_audience: str = ""
    """What the platform wants as the audience of our assertions, where that is not `token_url`: Brightspace does."""
    jwks_url: WebAddress

    @model_validator(mode="after")
    def _some_deployment(self) -> Self:
        if "*" in self.deployment_ids:
            raise ValueError("allowed: deployment_ids as the LMS shows them; learn_deployments: true takes new ones")
        if not self.deployment_ids and not self.learn_deployments:
            raise ValueError("allowed: at least one of deployment_ids, or learn_deployments: true")
        return self


class Lti11(Frozen):
    """One consumer key of LTI 1.1."""

    consumer_key: str = Field(min_length=1)
    shared_secret: SecretStr
    enabled: bool = True
    """False: launches by LTI 1.1 are refused, as once the LMS speaks 1.3."""
    signature_methods: tuple[SignatureMethod, ...] = Field(default=("HMAC-SHA1", "HMAC-SHA256"), min_length=1)
    user_id: Literal["person", "course"] = "person"
    """What `user_id` names: one person for good, or one person within one course, as in Open edX, where it says
    nothing of who comes from another course."""
