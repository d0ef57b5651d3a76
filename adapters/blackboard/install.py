"""What a Blackboard administrator enters, in the developer portal and in Blackboard itself."""

from __future__ import annotations

from typing import Final

from adapters.blackboard.launch import PLACES
from adapters.blackboard.settings import Settings
from bridge.install.guide import TITLE, Addresses, Entry, Section, SetupGuide, bring_back_section, claimed_section

_PORTAL: Final = (
    "At developer.anthology.com, register an application. It is one for both: launches by LTI 1.3, and the roster by "
    "the REST API."
)
_TOOL: Final = (
    "In Blackboard: Admin, Integrations, LTI Tool Providers, Register LTI 1.3/Advantage Tool. Enter the client ID; let "
    "it send role, name and email, and make a placement that opens in a new window."
)
_OLD: Final = "In Blackboard: Admin, Integrations, LTI Tool Providers, Register LTI 1.1 Provider."
_REST: Final = (
    "In Blackboard: Admin, Integrations, REST API Integrations, Create Integration. Its user decides what is read: "
    "make one for the bridge alone."
)


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """The launches that the connection has, LTI 1.3 where it has none yet, and the integration of the API."""
    sections: list[Section] = []
    if settings.lti13 or not settings.lti11:
        sections += [_application(addresses), _tool(settings), _bring_back()]
    if settings.lti11:
        sections.append(_old_tool(settings, addresses))
    if PLACES[settings.student_id].custom:
        sections.append(claimed_section(settings.student_id))
    return SetupGuide(f"Blackboard Learn: {addresses.connection}", (*sections, _rest(addresses)))


def _application(addresses: Addresses) -> Section:
    return Section(
        "Application (LTI 1.3)",
        _PORTAL,
        (
            Entry("Application name", TITLE),
            Entry("Domain(s)", addresses.host),
            Entry("Login initiation URL", addresses.login),
            Entry("Tool redirect URL(s)", addresses.launch),
            Entry("Tool JWKS URL", addresses.keys),
            Entry("Signing algorithm", "RS256", copied=False),
        ),
    )


def _tool(settings: Settings) -> Section:
    places = PLACES[settings.student_id]
    place = f"custom parameter {places.custom}" if places.custom else f"claim {', member '.join(places.claim)}"
    return Section(
        "Tool (LTI 1.3)",
        _TOOL,
        (Entry("Where the student ID comes", place, copied=False), *_variable(settings)),
    )


def _variable(settings: Settings) -> tuple[Entry, ...]:
    places = PLACES[settings.student_id]
    if not places.custom:
        return ()
    note = "" if places.variable else "After the = put Blackboard's variable for it; no source names one."
    return (Entry("Custom parameters", f"{places.custom}={places.variable}", note),)


def _bring_back() -> Section:
    return bring_back_section(
        {
            "issuer": "Issuer: https://blackboard.com",
            "client_id": "Application ID, which is the client ID",
            "deployment_ids": "Deployment ID, in Blackboard by Edit of the tool",
            "auth_url": "OIDC auth request endpoint",
            "token_url": "Auth token endpoint",
            "jwks_url": "Public keyset URL",
        },
    )


def _old_tool(settings: Settings, addresses: Addresses) -> Section:
    places = PLACES[settings.student_id]
    where = f"connections.{addresses.connection}.lti11"
    field = f"custom_{places.custom}" if places.custom else places.field
    return Section(
        "Tool (LTI 1.1)",
        _OLD,
        (
            Entry("Provider domain", addresses.host),
            Entry("Launch URL", addresses.launch),
            Entry("Tool provider key", f"{where}.consumer_key in config.yaml", copied=False),
            Entry("Tool provider secret", f"{where}.shared_secret in config.yaml", copied=False),
            Entry("Field with the student ID", field, copied=False),
            *_variable(settings),
        ),
    )


def _rest(addresses: Addresses) -> Section:
    return Section(
        "REST API integration for the roster",
        _REST,
        (
            Entry("Application ID", "that of the application in the developer portal", copied=False),
            Entry("Learn user", "a user with a system role that has the entitlement system.user.VIEW", copied=False),
            Entry("End user access", "No", copied=False),
            Entry("Authorized to act as user", "No", copied=False),
            Entry(
                "Key and secret of the application",
                f"connections.{addresses.connection}.api.key and .secret in config.yaml",
                "Its address belongs into api.url.",
                copied=False,
            ),
        ),
    )
