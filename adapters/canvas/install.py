"""What a Canvas administrator pastes, and what dynamic registration asks Canvas for.

Formats followed (Canvas documentation): lti_dev_key_config.md for the developer key, tools_xml.md for the LTI 1.1
cartridge, registration.md for dynamic registration. Custom fields expand at every privacy level
(lib/lti/variable_expander.rb), so only a name asks for `name_only`, and only an e-mail address for `public`.
"""

from __future__ import annotations

from typing import Any

import msgspec
from lxml import etree

from adapters.canvas.settings import Settings
from bridge.install.guide import (
    DESCRIPTION,
    TITLE,
    Addresses,
    Entry,
    RegistrationRequest,
    Section,
    SetupGuide,
    claimed_section,
)
from bridge.lti.grades import SCORE_SCOPE

PLATFORM = "canvas.instructure.com"
VARIABLES = {
    "sis_user_id": {},
    "integration_id": {"integration_id": "$Canvas.user.sisIntegrationId"},
    "login_id": {"login_id": "$Canvas.user.loginId"},
    "canvas_user_id": {"canvas_user_id": "$Canvas.user.id"},
    "email": {},
}
"""By `student_id` setting: the custom fields that `adapters.canvas.launch` reads. The SIS ID comes in a field of
Canvas's own, which no course author can set."""
IMPERSONATION = {
    "student_view": "$com.instructure.User.student_view",
    "masquerading_user_id": "$Canvas.masqueradingUser.id",
}
"""What tells the Test Student, and an administrator who acts as somebody else, from people who are themselves."""
NAME = {"sortable_name": "$com.instructure.Person.name_sortable"}
"""The name as Canvas keeps it, for launches that carry no parts of it."""
LAUNCHED_FROM = ("course_navigation", "link_selection")
CHOSEN_FROM = ("assignment_selection", "link_selection")
HOSTS = ("instructure.com", "canvaslms.com")
"""Where Instructure hosts Canvas: the issuer is one address for all schools, the school's own is another."""

_CC = "http://www.imsglobal.org/xsd/imslticc_v1p0"
_BLTI = "http://www.imsglobal.org/xsd/imsbasiclti_v1p0"
_LTICM = "http://www.imsglobal.org/xsd/imslticm_v1p0"
_LTICP = "http://www.imsglobal.org/xsd/imslticp_v1p0"


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """What to paste for the versions of LTI that the connection has; for LTI 1.3 where it has none yet."""
    sections: list[Section] = []
    if settings.lti13 or not settings.lti11:
        sections += [_developer_key(settings, addresses), _deployment(), _bring_back()]
    if settings.lti11:
        sections.append(_cartridge_section(settings, addresses))
    if VARIABLES[settings.student_id]:
        sections.append(claimed_section(settings.student_id))
    return SetupGuide(f"Canvas: {addresses.connection}", tuple(sections))


def custom_fields(student_id: str) -> dict[str, str]:
    """All that Canvas is asked to send: the student ID, the name, and who is not themselves."""
    return {**VARIABLES[student_id], **NAME, **IMPERSONATION}


def registration_request(student_id: str, addresses: Addresses) -> RegistrationRequest:
    """What dynamic registration asks for."""
    privacy = privacy_level(student_id)
    return RegistrationRequest(
        custom=custom_fields(student_id),
        where=(
            "In Canvas: Admin, Apps, Manage, Install a New App. Choose LTI 1.3 and Dynamic Registration, and paste it "
            "there."
        ),
        claims=("sub", "iss", "name", "given_name", "family_name", *(["email"] if student_id == "email" else [])),
        extra={"https://canvas.instructure.com/lti/privacy_level": privacy},
        placements=("course_navigation",) if addresses.courses else LAUNCHED_FROM,
        choosing=CHOSEN_FROM,
        hosts=HOSTS,
    )


def privacy_level(student_id: str) -> str:
    """The least that passes the student ID and the name."""
    return "public" if student_id == "email" else "name_only"


def developer_key(settings: Settings, addresses: Addresses) -> dict[str, Any]:
    """The configuration of a developer key, as Canvas takes it under "Paste JSON"."""
    return {
        "title": TITLE,
        "description": DESCRIPTION,
        "oidc_initiation_url": addresses.login,
        "target_link_uri": addresses.launch,
        "scopes": [SCORE_SCOPE] if addresses.grades else [],
        "extensions": [
            {
                "domain": addresses.host,
                "tool_id": _tool_id(addresses),
                "platform": PLATFORM,
                "privacy_level": privacy_level(settings.student_id),
                "settings": {"text": TITLE, "icon_url": addresses.icon, "placements": _placements(addresses)},
            }
        ],
        "public_jwk_url": addresses.keys,
        "custom_fields": custom_fields(settings.student_id),
    }


def cartridge(settings: Settings, addresses: Addresses) -> str:
    """The LTI 1.1 configuration as XML. Key and secret are not in it: the administrator types them."""
    spaces = {None: _CC, "blti": _BLTI, "lticm": _LTICM, "lticp": _LTICP}
    root = etree.Element(f"{{{_CC}}}cartridge_basiclti_link", nsmap=spaces)  # type: ignore[arg-type]  # None is the default one
    for name, text in (("title", TITLE), ("description", DESCRIPTION), ("launch_url", addresses.launch)):
        etree.SubElement(root, f"{{{_BLTI}}}{name}").text = text
    _properties(etree.SubElement(root, f"{{{_BLTI}}}custom"), custom_fields(settings.student_id))
    extensions = etree.SubElement(root, f"{{{_BLTI}}}extensions", platform=PLATFORM)
    # By LTI 1.1 Canvas sends the SIS ID in a field of its own at this level alone.
    level = "public" if settings.student_id == "sis_user_id" else privacy_level(settings.student_id)
    _properties(
        extensions, {"tool_id": _tool_id(addresses), "privacy_level": level, "domain": addresses.host, "text": TITLE}
    )
    options = etree.SubElement(extensions, f"{{{_LTICM}}}options", name="course_navigation")
    _properties(options, {"text": TITLE, "enabled": "true", "default": "disabled", "windowTarget": "_blank"})
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True).decode()


def _properties(parent: etree._Element, values: dict[str, str]) -> None:
    for name, value in values.items():
        etree.SubElement(parent, f"{{{_LTICM}}}property", name=name).text = value


def _placements(addresses: Addresses) -> list[dict[str, Any]]:
    # In a window of its own OttoLearn keeps its session, which many browsers deny it inside Canvas's frame.
    in_menu = {
        "placement": "course_navigation",
        "message_type": "LtiResourceLinkRequest",
        "target_link_uri": addresses.launch,
        "text": TITLE,
        "default": "disabled",
        "windowTarget": "_blank",
    }
    if not addresses.courses:
        return [in_menu, _placement("link_selection", "LtiResourceLinkRequest", addresses)]
    return [in_menu, *(_placement(name, "LtiDeepLinkingRequest", addresses) for name in CHOSEN_FROM)]


def _placement(name: str, message: str, addresses: Addresses) -> dict[str, Any]:
    return {"placement": name, "message_type": message, "target_link_uri": addresses.launch, "text": TITLE}


def _tool_id(addresses: Addresses) -> str:
    return f"ottobridge-{addresses.connection}"


def _developer_key(settings: Settings, addresses: Addresses) -> Section:
    document = msgspec.json.format(msgspec.json.encode(developer_key(settings, addresses)), indent=2).decode()
    return Section(
        "Developer key (LTI 1.3)",
        "In Canvas: Admin, the root account, Developer Keys, + Developer Key, + LTI Key. Set Method to Paste JSON.",
        (
            Entry("Key Name", TITLE),
            Entry("Redirect URIs", addresses.launch),
            Entry("LTI 1.3 Configuration", document),
            Entry("State", "ON", "Save, then switch the key on in the list.", copied=False),
        ),
    )


def _deployment() -> Section:
    return Section(
        "App",
        "In Canvas: Admin, Settings, Apps, View App Configurations, + App. Set Configuration Type to By Client ID and "
        "enter the number that the list of developer keys shows under Details.",
    )


def _bring_back() -> Section:
    return Section(
        "What to bring back",
        "Enter these into the connection in config.yaml, under lti13. The values are those of a Canvas that "
        "Instructure hosts; a Canvas of your own has its own addresses, and may have its own issuer.",
        (
            Entry("issuer", "https://canvas.instructure.com"),
            Entry("client_id", "the number of the developer key", "Developer Keys, column Details.", copied=False),
            Entry(
                "deployment_ids", "the Deployment ID of the app", "Apps, the app's gear, Deployment ID.", copied=False
            ),
            Entry("auth_url", "https://sso.canvaslms.com/api/lti/authorize_redirect"),
            Entry("token_url", "https://sso.canvaslms.com/login/oauth2/token"),
            Entry("jwks_url", "https://sso.canvaslms.com/api/lti/security/jwks"),
        ),
    )


def _cartridge_section(settings: Settings, addresses: Addresses) -> Section:
    return Section(
        "App (LTI 1.1)",
        "In Canvas: Settings of the account or of one course, Apps, View App Configurations, + App. Set Configuration "
        "Type to Paste XML.",
        (
            Entry("Name", TITLE),
            Entry(
                "Consumer Key", f"connections.{addresses.connection}.lti11.consumer_key in config.yaml", copied=False
            ),
            Entry(
                "Shared Secret", f"connections.{addresses.connection}.lti11.shared_secret in config.yaml", copied=False
            ),
            Entry("XML Configuration", cartridge(settings, addresses)),
        ),
    )
