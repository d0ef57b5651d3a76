"""What Moodle 4.5 sends, as recorded from one: numeric user ids, the idnumber as `person_sourcedid`."""

from __future__ import annotations

import json
import secrets
from typing import Any

from sandbox.lms.settings import LtiTool
from sandbox.people import Person

CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
TOKEN_LIFETIME = 60
"""Seconds."""
GUID = "5a0db0c5a0db0c5a0db0c5a0db0c5a0d"


def login_fields(tool: LtiTool, person: Person) -> dict[str, str]:
    """The login initiation without its hint."""
    return {
        "iss": tool.issuer,
        "target_link_uri": tool.launch_url,
        "login_hint": str(person.number),
        "client_id": tool.client_id,
        "lti_deployment_id": tool.deployment_id,
    }


def new_hint() -> str:
    """Moodle's lti_message_hint is JSON, quotes included."""
    launch = f"ltilaunch9_{secrets.randbits(64)}"
    return json.dumps({"cmid": 12, "launchid": launch}, separators=(",", ":"))


def read_claims(tool: LtiTool, person: Person, return_url: str) -> dict[str, Any]:
    """The id_token's claims with privacy `always`, without those of the exchange itself."""
    del tool
    return {
        "sub": str(person.number),
        CLAIM + "lis": {"person_sourcedid": person.student_id, "course_section_sourcedid": "SIS-SAFE-101"},
        CLAIM + "roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
        CLAIM + "context": {
            "id": "2",
            "label": "SAFE101",
            "title": "Safety at Work — Térm 1",
            "type": ["CourseSection"],
        },
        CLAIM + "resource_link": {"title": "OttoLearn “one” & two", "description": "Intro\r\n\r\nl2 & é", "id": "9"},
        "given_name": person.given,
        "family_name": person.family,
        "name": f"{person.given} {person.family}",
        CLAIM + "ext": {"user_username": person.key, "lms": "moodle-2"},
        "email": f"{person.key}@example.invalid",
        CLAIM + "launch_presentation": {"locale": "en", "document_target": "iframe", "return_url": return_url},
        CLAIM + "tool_platform": {
            "product_family_code": "moodle",
            "version": "2024100706.00",
            "guid": GUID,
            "name": "sandbox",
            "description": "Sandbox Moodle",
        },
        CLAIM + "custom": {"unknown": "$No.Such.Var", "uname": person.key},
    }


def form_fields(tool: LtiTool, person: Person, return_url: str) -> dict[str, str]:
    """The LTI 1.1 fields with privacy `always`, in Moodle's order, unsigned."""
    del tool
    return {
        "user_id": str(person.number),
        "lis_person_sourcedid": person.student_id,
        "roles": "Learner",
        "context_id": "2",
        "context_label": "SAFE101",
        "context_title": "Safety at Work — Térm 1",
        "lti_message_type": "basic-lti-launch-request",
        "resource_link_title": "OttoLearn “one” & two",
        "resource_link_description": "Intro\r\n\r\nl2 & é",
        "resource_link_id": "1",
        "context_type": "CourseSection",
        "lis_course_section_sourcedid": "SIS-SAFE-101",
        "lis_person_name_given": person.given,
        "lis_person_name_family": person.family,
        "lis_person_name_full": f"{person.given} {person.family}",
        "ext_user_username": person.key,
        "lis_person_contact_email_primary": f"{person.key}@example.invalid",
        "launch_presentation_locale": "en",
        "ext_lms": "moodle-2",
        "tool_consumer_info_product_family_code": "moodle",
        "tool_consumer_info_version": "2024100706.00",
        "oauth_callback": "about:blank",
        "lti_version": "LTI-1p0",
        "tool_consumer_instance_guid": GUID,
        "tool_consumer_instance_name": "sandbox",
        "tool_consumer_instance_description": "Sandbox Moodle",
        "custom_unknown": "$No.Such.Var",
        "custom_uname": person.key,
        "launch_presentation_document_target": "iframe",
        "launch_presentation_return_url": return_url,
    }
