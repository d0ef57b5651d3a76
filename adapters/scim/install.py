"""What to enter in Microsoft Entra ID and in Okta, so that they push people."""

from __future__ import annotations

from adapters.scim.settings import Settings
from bridge.install.guide import Addresses, Entry, Section, SetupGuide

_SOURCES = {
    "userName": ("userName", "userPrincipalName, or the attribute that holds the student ID", "its user name"),
    "externalId": (
        "externalId",
        "objectId, or the attribute that holds the student ID",
        "set by Okta: its own user id",
    ),
    "employeeNumber": (
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber",
        "employeeId",
        "employeeNumber",
    ),
    "email": ('emails[type eq "work"].value', "mail", "email"),
}
"""By `student_id`: the SCIM attribute, what fills it in Entra ID, and in Okta."""


def installation(settings: Settings, addresses: Addresses) -> SetupGuide:
    """The forms of both."""
    url = f"{addresses.public_url}/scim/v2/{addresses.connection}"
    made = f"made by an owner under /admin, Connections, or by: ottobridge scim token {addresses.connection}"
    token = Entry("", made, "Shown once.", copied=False)
    return SetupGuide(
        f"SCIM: {addresses.connection}",
        (
            Section(
                "Who the person is",
                f"The student ID is {settings.student_id}. It must be what the LMS sends when a learner opens "
                "OttoLearn; `ottobridge doctor` compares the two.",
            ),
            _entra(settings, url, token),
            _okta(settings, url, token),
            Section(
                "What happens then",
                "What is pushed is kept at once and reaches OttoLearn within a minute, by the same rules and limits as "
                "any roster sync. What is beyond a limit waits for `ottobridge sync approve`; the identity provider is "
                "told that all is well, so that its job goes on.",
            ),
        ),
    )


def _entra(settings: Settings, url: str, token: Entry) -> Section:
    attribute, source, _ = _SOURCES[settings.student_id]
    return Section(
        "Microsoft Entra ID",
        "In the Entra admin center: Enterprise applications, New application, Create your own application "
        "(non-gallery); then Provisioning, and there Automatic. Assign people or groups under Users and groups.",
        (
            Entry("Tenant URL", f"{url}?aadOptscim062020", "The end of it makes Entra send standard SCIM."),
            token._replace(label="Secret Token"),
            Entry(
                "Attribute mapping of the student ID",
                attribute,
                f"Target attribute; the source is {source}.",
            ),
            Entry(
                "Attribute mappings to keep",
                'userName, active, emails[type eq "work"].value, name.givenName, name.familyName, externalId, '
                "employeeNumber",
                "Others do no harm: what has no place here is ignored.",
                copied=False,
            ),
            Entry("Provisioning Status", "On", "After Test Connection has succeeded.", copied=False),
        ),
    )


def _okta(settings: Settings, url: str, token: Entry) -> Section:
    attribute, _, source = _SOURCES[settings.student_id]
    return Section(
        "Okta",
        "In the Okta admin console: Applications, the application for OttoLearn (or Create App Integration), General, "
        "App Settings: Provisioning SCIM; then Provisioning, Integration.",
        (
            Entry("SCIM connector base URL", url),
            Entry("Unique identifier field for users", "userName"),
            Entry(
                "Supported provisioning actions",
                "Push New Users, Push Profile Updates, Push Groups",
                copied=False,
            ),
            Entry("Authentication Mode", "HTTP Header", copied=False),
            token._replace(label="Authorization (Bearer)"),
            Entry("Provisioning to App", "Create Users, Update User Attributes, Deactivate Users", copied=False),
            Entry("Attribute of the student ID", attribute, f"In Okta: {source}.", copied=False),
        ),
    )
