"""What Canvas sends (its cloud version of 2025): noise, nulls and opaque ids included.

Shapes follow Canvas's open source: lib/lti/messages/jwt_message.rb, gems/lti_outbound/lib/lti_outbound/tool_launch.rb.
"""

from __future__ import annotations

import hashlib
import secrets
import uuid
from typing import Any

from sandbox.lms.settings import LtiTool
from sandbox.people import Person

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
ROLES = (
    "http://purl.imsglobal.org/vocab/lis/v2/institution/person#Student",
    "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner",
    "http://purl.imsglobal.org/vocab/lis/v2/system/person#User",
)
TOKEN_LIFETIME = 3600
"""Seconds."""


def login_fields(tool: LtiTool, person: Person) -> dict[str, str]:
    """The login initiation without its hint; the deployment travels as `deployment_id`, not `lti_deployment_id`."""
    return {
        "iss": tool.issuer,
        "login_hint": _opaque_id(person),
        "client_id": tool.client_id,
        "deployment_id": tool.deployment_id,
        "target_link_uri": tool.launch_url,
        "canvas_environment": "prod",
        "canvas_region": "us-east-1",
        "lti_storage_target": "post_message_forwarding",
    }


def new_hint() -> str:
    """Canvas's lti_message_hint is a JWT that only Canvas reads."""
    return f"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.{secrets.token_urlsafe(24)}.{secrets.token_urlsafe(24)}"


def read_claims(tool: LtiTool, person: Person, return_url: str) -> dict[str, Any]:
    """The id_token's claims at privacy level `public`, without those of the exchange itself."""
    course = hashlib.sha1(b"course 55", usedforsecurity=False).hexdigest()
    return {
        "azp": tool.client_id,
        "sub": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{tool.issuer}/users/{person.number}")),
        CLAIM + "resource_link": {"id": course, "title": "OttoLearn", "description": None} | _noise(),
        CLAIM + "context": {
            "id": course,
            "label": "SAFE-101",
            "title": "Safety at Work",
            "type": ["http://purl.imsglobal.org/vocab/lis/v2/course#CourseOffering"],
        }
        | _noise(),
        CLAIM + "tool_platform": {
            "guid": "SANDBOXguid00000000000000000000000000000:canvas-lms",
            "name": "Sandbox University",
            "version": "cloud",
            "product_family_code": "canvas",
        }
        | _noise(),
        CLAIM + "launch_presentation": {
            "document_target": "iframe",
            "return_url": return_url,
            "locale": "en",
            "height": 400,
            "width": 800,
        }
        | _noise(),
        "locale": "en",
        CLAIM + "roles": list(ROLES),
        # A custom field whose variable is empty is null here, not absent.
        CLAIM + "custom": {
            "integration_id": None,
            "login_id": person.key,
            "canvas_user_id": person.number,
        },
        CLAIM + "lti11_legacy_user_id": _opaque_id(person),
        CLAIM + "lti1p1": {"user_id": _opaque_id(person)} | _noise(),
        "https://www.instructure.com/placement": "course_navigation",
        "name": f"{person.given} {person.family}",
        "given_name": person.given,
        "family_name": person.family,
        CLAIM + "lis": {"person_sourcedid": person.student_id or None, "course_offering_sourcedid": "C-55"} | _noise(),
        "email": f"{person.key}@example.invalid",
    } | {"errors": {"errors": {}}}


def form_fields(tool: LtiTool, person: Person, return_url: str) -> dict[str, str]:
    """The LTI 1.1 fields at privacy level `public`, unsigned. An unset variable is an empty text here, not null."""
    del tool
    course = hashlib.sha1(b"course 55", usedforsecurity=False).hexdigest()
    sourced = {"lis_person_sourcedid": person.student_id} if person.student_id else {}
    return sourced | {
        "context_id": course,
        "context_label": "SAFE-101",
        "context_title": "Safety at Work",
        "custom_canvas_enrollment_state": "active",
        "custom_canvas_user_id": str(person.number),
        "custom_canvas_user_login_id": person.key,
        "custom_integration_id": "",
        "custom_login_id": person.key,
        "ext_roles": "urn:lti:instrole:ims/lis/Student,urn:lti:role:ims/lis/Learner,urn:lti:sysrole:ims/lis/User",
        "launch_presentation_document_target": "iframe",
        "launch_presentation_locale": "en",
        "launch_presentation_return_url": return_url,
        "lis_course_offering_sourcedid": "C-55",
        "lis_person_contact_email_primary": f"{person.key}@example.invalid",
        "lis_person_name_family": person.family,
        "lis_person_name_full": f"{person.given} {person.family}",
        "lis_person_name_given": person.given,
        "lti_message_type": "basic-lti-launch-request",
        "lti_version": "LTI-1p0",
        "oauth_callback": "about:blank",
        "resource_link_id": course,
        "resource_link_title": "OttoLearn",
        "roles": "Learner",
        "tool_consumer_info_product_family_code": "canvas",
        "tool_consumer_info_version": "cloud",
        "tool_consumer_instance_guid": "SANDBOXguid00000000000000000000000000000:canvas-lms",
        "tool_consumer_instance_name": "Sandbox University",
        "user_id": _opaque_id(person),
    }


def _opaque_id(person: Person) -> str:
    return hashlib.sha1(f"user {person.number}".encode(), usedforsecurity=False).hexdigest()


def _noise() -> dict[str, Any]:
    return {"validation_context": None, "errors": {"errors": {}}}
