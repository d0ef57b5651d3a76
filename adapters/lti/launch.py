"""Which field of a launch is what on a platform that keeps to the LTI specifications."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import quote

from adapters.lti.settings import Settings
from bridge.config.settings import origin_or_empty
from bridge.contracts import Launch, SignedClaims, SignedForm
from bridge.lti.student import claim, launch_of_claims, launch_of_form, read_id

NAMES_AND_ROLES = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
LONGEST_ADDRESS = 1000
BRIGHTSPACE = "http://www.brightspace.com"
"""Brightspace's own claim; it stands by itself, or within the claim `launch_presentation`."""
CLAIMS = {
    "lis_person_sourcedid": ("lis", "person_sourcedid"),
    "user_id": ("sub",),
    "email": ("email",),
    "preferred_username": ("preferred_username",),
}
BRIGHTSPACE_MEMBERS = {"org_defined_id": "org_defined_id", "d2l_username": "username"}
FIELDS = {
    "lis_person_sourcedid": "lis_person_sourcedid",
    "user_id": "user_id",
    "email": "lis_person_contact_email_primary",
    "org_defined_id": "ext_d2l_orgdefinedid",
    "d2l_username": "ext_d2l_username",
}
"""LTI 1.1 has no name for `preferred_username`."""


def read_claims(claims: SignedClaims, settings: Settings) -> Launch:
    """The launch in an id_token."""
    custom = settings.custom_name
    author = [claim(claims, "custom", custom)] if custom else []
    named = read_id(_by_platform(claims, settings.student_id), author, settings.student_id)
    return replace(launch_of_claims(claims, named), member_list=read_course(claims, settings))


def _by_platform(claims: SignedClaims, student_id: str) -> list[object]:
    """What claims that the platform alone fills say of the setting's field."""
    if place := CLAIMS.get(student_id):
        return [claim(claims, *place)]
    if member := BRIGHTSPACE_MEMBERS.get(student_id):
        groups = (claims.get(BRIGHTSPACE), claim(claims, "launch_presentation", BRIGHTSPACE))
        return [group.get(member) for group in groups if isinstance(group, Mapping)]
    return []


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
    custom, own = settings.custom_name, FIELDS.get(settings.student_id)
    author = [form.get(f"custom_{custom.lower()}")] if custom else []
    return launch_of_form(form, read_id([form.get(own)] if own else [], author, settings.student_id))
