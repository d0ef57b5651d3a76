"""The keys of a SuccessFactors connection: Learning, or the HCM suite."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Annotated, Any, Literal, Self

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, SecretStr, model_validator

from bridge.config.settings import Frozen, WebAddress
from bridge.roster.settings import Roster

Name = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]
"""A property of OData."""


class Learning(Frozen):
    """SuccessFactors Learning: OData v4, with a token of its own."""

    url: WebAddress
    """`https://TENANT.plateau.com`, before `/learning`."""
    client_id: str
    client_secret: SecretStr
    user_id: str
    """As whom the token acts: an administrator who sees every student."""
    company_id: str
    user_type: Literal["admin", "user"] = "admin"
    token_path: str = "/learning/oauth-api/rest/v1/token"  # noqa: S105 -- where a token is asked for
    page_size: int = Field(default=500, ge=1, le=1_000)
    first_name: Name = "firstName"
    last_name: Name = "lastName"
    ids: tuple[Name, ...] = ("studentID",)
    """Properties that may be what a launch passes; `ottobridge doctor` compares them."""


class Hcm(Frozen):
    """The HCM suite: OData v2, entity `User`."""

    url: WebAddress
    """The API server: `https://api4.successfactors.com`."""
    company_id: str
    sign_in: Literal["saml", "basic"] = "saml"
    """`saml`: OAuth 2.0 with a SAML bearer assertion. `basic`: a password, which SAP is about to end."""
    user_id: str
    """As whom the bridge reads."""
    password: SecretStr = SecretStr("")
    client_id: str = ""
    """The API key of the OAuth2 client application."""
    private_key: SecretStr = SecretStr("")
    """Its RSA key, PEM."""
    page_size: int = Field(default=1_000, ge=1, le=1_000)
    ids: tuple[Name, ...] = ("userId", "username", "empId", "email")

    @model_validator(mode="after")
    def _signs_in(self) -> Self:
        if self.sign_in == "basic":
            if not self.password.get_secret_value():
                raise ValueError("`sign_in: basic` needs `password`")
            return self
        if not (self.client_id and self.private_key.get_secret_value()):
            raise ValueError("`sign_in: saml` needs `client_id` and `private_key`")
        if find_spec("signxml") is None:
            raise ValueError("`sign_in: saml` needs the extra `saml`: pip install 'ottobridge[saml]'")
        _require_rsa(self.private_key.get_secret_value())
        return self


class Settings(Frozen):
    """One SuccessFactors."""

    student_id: Annotated[str, Field(max_length=100)] = ""
    """A property; with `learning` the studentID unless told otherwise."""
    learning: Learning | None = None
    hcm: Hcm | None = None
    roster: Roster = Roster()

    @model_validator(mode="before")
    @classmethod
    def _students_have_an_id(cls, values: Any) -> Any:
        """Learning's own ID, where it is asked and nothing else is named."""
        named = not isinstance(values, Mapping) or values.get("student_id") or not values.get("learning")
        return values if named else {**values, "student_id": "studentID"}

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.learning is None) == (self.hcm is None):
            raise ValueError("allowed: either `learning` or `hcm`")
        if self.hcm is not None and not self.student_id:
            raise ValueError(
                "`student_id` is missing: the property with what Learning passes at launch "
                f"({', '.join(self.hcm.ids)}); the HCM suite itself launches nothing"
            )
        return self


def _require_rsa(pem: str) -> None:
    try:
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise ValueError("`private_key`: allowed: an RSA private key in PEM form, without a passphrase") from error
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("`private_key`: allowed: an RSA private key in PEM form")  # noqa: TRY004 -- a mistake in a file
