"""Which field of a launch is what on a platform that keeps to the LTI specifications."""

from __future__ import annotations

from urllib.parse import quote

from adapters.lti.settings import Settings
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.launch import claim, launch_of_claims, launch_of_form
from bridge.lti.student import student_id
from bridge.settings import origin_or_empty

NAMES_AND_ROLES = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
LONGEST_ADDRESS = 1000
CLAIMS = {"lis_person_sourcedid": ("lis", "person_sourcedid"), "user_id": ("sub",), "email": ("email",)}
FIELDS = {
    "lis_person_sourcedid": "lis_person_sourcedid",
    "user_id": "user_id",
    "email": "lis_person_contact_email_primary",
}


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token."""
    custom, place = settings.custom_name, CLAIMS.get(settings.student_id, ())
    value = claim(claims, "custom", custom) if custom else claim(claims, *place)
    return launch_of_claims(claims, student_id([value], settings.student_id))


def read_course(claims: SignedClaims, settings: Settings) -> str:
    """The member list of the launch's course (NRPS 2.0 section 3.6.1.1), only where it is on the platform's own sites.

    Custom fields are sent only for one link of the tool, so that its id goes along where the student ID is one.
    """
    service = claims.get(NAMES_AND_ROLES)
    address = service.get("context_memberships_url") if isinstance(service, dict) else None
    if not isinstance(address, str) or not address.isascii() or len(address) > LONGEST_ADDRESS:
        return ""
    if origin_or_empty(address) not in _sites(settings):
        return ""
    link = claim(claims, "resource_link", "id")
    if not settings.custom_name or not isinstance(link, str):
        return address
    return f"{address}{'&' if '?' in address else '?'}rlid={quote(link, safe='')}"


def _sites(settings: Settings) -> set[str]:
    """The origins at which the platform's services may be asked."""
    if settings.lti13 is None:
        return set()
    of_platform = (settings.lti13.issuer, settings.lti13.auth_url, settings.lti13.token_url, settings.lti13.jwks_url)
    return {*map(origin_or_empty, of_platform), *settings.services_at} - {""}


def read_form(form: SignedForm, settings: Settings) -> Launch:
    """The launch in an LTI 1.1 form. Custom parameters arrive in lower case with a prefix."""
    custom = settings.custom_name
    name = f"custom_{custom.lower()}" if custom else FIELDS[settings.student_id]
    return launch_of_form(form, student_id([form.get(name)], settings.student_id))
