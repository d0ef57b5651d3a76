"""Signing in: the Learning token, or HCM's Basic or SAML bearer."""

from __future__ import annotations

import base64
from collections.abc import Callable
from functools import partial

from adapters.successfactors.assertion import signed_assertion
from adapters.successfactors.settings import Hcm, Learning
from bridge.contracts import ReaderContext
from bridge.net.http import HttpResponse
from bridge.net.retry import with_retries
from bridge.roster.shared_token import token_of
from bridge.roster.tokens import (
    MAX_PAGE_BYTES,
    PAGE_SECONDS,
    TokenRequest,
    TokenSession,
    fetch_token,
)

Get = Callable[[str], HttpResponse]
SAML_BEARER = "urn:ietf:params:oauth:grant-type:saml2-bearer"


def learning_session(learning: Learning, context: ReaderContext, seconds: float = PAGE_SECONDS) -> Get:
    """What answers a GET of Learning within so many seconds."""
    scope = {
        "userId": learning.user_id,
        "companyId": learning.company_id,
        "userType": learning.user_type,
        "resourceType": "learning_public_api",
    }
    request = TokenRequest(
        f"{learning.url.rstrip('/')}/{learning.token_path.lstrip('/')}",
        {"grant_type": "client_credentials", "scope": scope},
        (learning.client_id, learning.client_secret.get_secret_value()),
        as_json=True,
        plain_client=True,
    )
    client = f"{learning.client_id} {learning.user_id} {learning.company_id} {request.url}"
    token = token_of(context, client, lambda: fetch_token(request, context.outbound))
    return TokenSession(token, context, seconds=seconds).get


def hcm_session(hcm: Hcm, context: ReaderContext, seconds: float = PAGE_SECONDS) -> Get:
    """What answers a GET of the HCM suite within so many seconds."""
    if hcm.sign_in == "basic":
        pair = f"{hcm.user_id}@{hcm.company_id}:{hcm.password.get_secret_value()}"
        headers = {"Accept": "application/json", "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return lambda url: with_retries(partial(_get, context, headers, seconds, url), context)
    token = token_of(
        context, f"{hcm.client_id} {hcm.user_id} {hcm.company_id} {hcm.url}", partial(_saml_token, hcm, context)
    )
    return TokenSession(token, context, seconds=seconds).get


def _saml_token(hcm: Hcm, context: ReaderContext) -> tuple[str, float]:
    form = {
        "client_id": hcm.client_id,
        "company_id": hcm.company_id,
        "grant_type": SAML_BEARER,
        "assertion": signed_assertion(hcm, context.now()),
    }
    return fetch_token(TokenRequest(f"{hcm.url.rstrip('/')}/oauth/token", form), context.outbound)


def _get(context: ReaderContext, headers: dict[str, str], seconds: float, url: str) -> HttpResponse:
    return context.outbound.request("GET", url, headers=headers, deadline=seconds, max_bytes=MAX_PAGE_BYTES)
