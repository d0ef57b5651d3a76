"""The LTI 1.1 consumer: OAuth 1 body signatures by oauthlib (RFC 5849, section 3.4)."""

from __future__ import annotations

from urllib.parse import parse_qsl

from oauthlib.oauth1 import SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256, SIGNATURE_TYPE_BODY, Client

from sandbox.lms.products import PRODUCTS
from sandbox.lms.settings import LtiTool
from sandbox.people import Person

SIGNATURES = (SIGNATURE_HMAC_SHA1, SIGNATURE_HMAC_SHA256)
"""What a consumer may sign with; LMSs send the first unless told otherwise."""


def sign_launch(
    tool: LtiTool, person: Person, return_url: str, now: float, signature: str = SIGNATURE_HMAC_SHA1
) -> list[tuple[str, str]]:
    """The fields of a signed launch over the public launch URL, in the order to post them."""
    fields = PRODUCTS[tool.product].form_fields(tool, person, return_url)
    client = Client(
        tool.consumer_key,
        client_secret=tool.shared_secret,
        signature_method=signature,
        signature_type=SIGNATURE_TYPE_BODY,
        timestamp=str(int(now)),
    )
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    _, _, body = client.sign(tool.launch_url, "POST", body=list(fields.items()), headers=form)
    return parse_qsl(str(body), keep_blank_values=True)
