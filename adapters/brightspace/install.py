"""What a Brightspace administrator enters: the tool, its deployment, and the OAuth application for the roster."""

from __future__ import annotations

from typing import Final

from adapters.brightspace.launch import FIELDS, GROUP, MEMBERS
from adapters.brightspace.settings import Settings
from bridge.install.guide import TITLE, Addresses, Entry, Section, SetupGuide, bring_back_section

_TOOL: Final = "In Brightspace: Admin Tools, Manage Extensibility, LTI Advantage, Register Tool, Standard."
_DEPLOYMENT: Final = "In Brightspace: Admin Tools, External Learning Tools, New Deployment, for the tool above."
_OLD: Final = "In Brightspace: Admin Tools, External Learning Tools, Manage Tool Providers, New Tool Provider."
_OAUTH: Final = (
    "In Brightspace: Admin Tools, Manage Extensibility, OAuth 2.0, Register an app. Then an administrator consents "
    "once: ottobridge setup consent "
)
_SHOWN: Final = {"OrgDefinedId": "Org Defined Id", "UserName": "Username", "ExternalEmail": "Email"}
_SENT: Final = {
    "OrgDefinedId": "Send system Org Defined ID to tool provider",
    "UserName": "Send system username to tool provider",
    "ExternalEmail": "Send user email to tool provider",
}


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """The launches that the connection has, LTI 1.3 where it has none yet, and the application for the API."""
    sections: list[Section] = []
    if settings.lti13 or not settings.lti11:
        sections += [_tool(addresses), _deployment(settings), _bring_back()]
    if settings.lti11:
        sections.append(_old_tool(settings, addresses))
    return SetupGuide(f"Brightspace: {addresses.connection}", (*sections, _oauth(settings, addresses)))


def _tool(addresses: Addresses) -> Section:
    return Section(
        "Tool (LTI 1.3)",
        _TOOL,
        (
            Entry("Name", TITLE),
            Entry("Domain", addresses.host),
            Entry("Redirect URLs", addresses.launch),
            Entry("OpenID Connect Login URL", addresses.login),
            Entry("Target Link URI", addresses.launch),
            Entry("Keyset URL", addresses.keys),
        ),
    )


def _deployment(settings: Settings) -> Section:
    shown = _SHOWN.get(settings.student_id, "")
    member = MEMBERS.get(settings.student_id)
    place = f"claim {GROUP}, member {member}" if member else "claim email"
    return Section(
        "Deployment (LTI 1.3)",
        _DEPLOYMENT,
        (
            Entry("Security Settings", ", ".join(["Name", "User ID", *([shown] if shown else [])]), copied=False),
            Entry("Where the student ID comes", place if shown else "in no launch", copied=False),
        ),
    )


def _bring_back() -> Section:
    return bring_back_section(
        {
            "issuer": "Issuer",
            "client_id": "Client Id",
            "deployment_ids": "Deployment Id",
            "auth_url": "OpenID Connect Authentication Endpoint",
            "token_url": "Brightspace OAuth2 Access Token URL",
            "jwks_url": "Brightspace Keyset URL",
        },
    )


def _old_tool(settings: Settings, addresses: Addresses) -> Section:
    where = f"connections.{addresses.connection}.lti11"
    return Section(
        "Tool (LTI 1.1)",
        _OLD,
        (
            Entry("Launch Point", addresses.launch),
            Entry("Key", f"{where}.consumer_key in config.yaml", copied=False),
            Entry("Secret", f"{where}.shared_secret in config.yaml", copied=False),
            Entry("Security Settings", _SENT.get(settings.student_id, ""), "With the user's name.", copied=False),
            Entry("Field with the student ID", FIELDS.get(settings.student_id, "in no launch"), copied=False),
        ),
    )


def _oauth(settings: Settings, addresses: Addresses) -> Section:
    scope = settings.api.scope if settings.api else "users:userdata:read"
    return Section(
        "OAuth application for the roster",
        f"{_OAUTH}{addresses.connection}",
        (
            Entry("Application Name", "OttoBridge"),
            Entry("Redirect URI", addresses.consent),
            Entry("Scope", scope),
            Entry("Enable refresh tokens", "Yes", copied=False),
            Entry(
                "Client ID and secret",
                f"connections.{addresses.connection}.api.client_id and .client_secret in config.yaml",
                "The address of the site belongs into api.url.",
                copied=False,
            ),
        ),
    )
