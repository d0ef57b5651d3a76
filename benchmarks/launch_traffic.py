"""What a platform sends in benchmarks/launch.py: the same to every peer."""

from __future__ import annotations

import itertools
import json
import os
import time
from urllib.parse import parse_qsl

from joserfc import jws
from joserfc.jwk import RSAKey
from oauthlib.oauth1 import Client

ISSUER, CLIENT, DEPLOYMENT = "https://canvas.example.edu", "10000000000004", "6:8865aa05"
CLAIM = "https://purl.imsglobal.org/spec/lti/claim/"
KEY_AS_JSON = "LAUNCH_BENCHMARK_KEY"
"""An environment variable: the platform's key, which all processes share."""
KEY = RSAKey.import_key(json.loads(os.environ[KEY_AS_JSON]))


class Traffic:
    """Login initiations and signed launches for one launch address. About 2.4 kB a token, as Canvas's."""

    def __init__(self, launch_url: str) -> None:
        self.launch_url = launch_url
        self.login = {"iss": ISSUER, "login_hint": "u-1", "target_link_uri": launch_url, "client_id": CLIENT}
        self._numbers = itertools.count()

    def token(self, nonce: str) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER, "aud": CLIENT, "azp": CLIENT, "sub": "a445ca99-1a64-4697-9bfa-000000000101",
            "nonce": nonce, "iat": now, "exp": now + 3600, "name": "Avery Testcase", "given_name": "Avery",
            "family_name": "Testcase", "email": "avery@example.edu", "locale": "en",
            f"{CLAIM}version": "1.3.0", f"{CLAIM}message_type": "LtiResourceLinkRequest",
            f"{CLAIM}deployment_id": DEPLOYMENT, f"{CLAIM}target_link_uri": self.launch_url,
            f"{CLAIM}resource_link": {"id": "rl-1", "title": "Computer Science 101", "description": None},
            f"{CLAIM}roles": ["http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"],
            f"{CLAIM}context": {"id": "ctx-1", "label": "CS-101", "title": "Computer Science 101"},
            f"{CLAIM}tool_platform": {"guid": "g" * 40, "name": "Example University", "version": "cloud"},
            f"{CLAIM}launch_presentation": {"return_url": "https://canvas.example.edu/back", "locale": "en"},
            f"{CLAIM}lis": {"person_sourcedid": "S000101"}, f"{CLAIM}custom": {"student_id": "S000101"},
            "padding": "x" * 500,
        }  # fmt: skip
        return jws.serialize_compact({"alg": "RS256", "kid": "platform-1"}, json.dumps(claims).encode(), KEY)

    def signed_form(self) -> dict[str, str]:
        fields = {
            "lti_message_type": "basic-lti-launch-request", "lti_version": "LTI-1p0", "resource_link_id": "rl-1",
            "context_id": "ctx-1", "user_id": "1234567890abcdef", "roles": "Learner",
            "lis_person_sourcedid": "S000101", "lis_person_name_given": "Avery",
            "lis_person_name_family": "Testcase", "lis_person_name_full": "Avery Testcase",
            "lis_person_contact_email_primary": "avery@example.edu", "custom_student_id": "S000101",
            "context_title": "Computer Science 101", "resource_link_title": "OttoLearn",
            "oauth_callback": "about:blank",
            "launch_presentation_return_url": "https://canvas.example.edu/back?a=1",
            "tool_consumer_info_product_family_code": "canvas", "tool_consumer_instance_guid": "g" * 40,
        }  # fmt: skip
        nonce = f"{time.time_ns()}-{next(self._numbers)}"
        client = Client("campus-key", client_secret="campus-secret", nonce=nonce, signature_type="BODY")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        _, _, body = client.sign(self.launch_url, http_method="POST", body=fields, headers=headers)
        return dict(parse_qsl(body, keep_blank_values=True))
