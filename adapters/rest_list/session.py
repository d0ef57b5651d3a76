"""Calls to the list: with a key, with a name and a password, or with a token that is asked for first."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import urljoin

import msgspec

from adapters.rest_list.description import Token, filled
from adapters.rest_list.settings import Settings
from bridge.contracts import ReaderContext
from bridge.errors import RemoteRefused
from bridge.net.answers import body_excerpt
from bridge.net.http import HttpResponse, host_of
from bridge.net.retry import with_retries
from bridge.roster.shared_token import token_of
from bridge.roster.token_response import error_words, read_token
from bridge.roster.tokens import MAX_PAGE_BYTES, PAGE_SECONDS, TokenRequest, TokenSession, fetch_token

Get = Callable[[str], HttpResponse]


def open_session(settings: Settings, context: ReaderContext, seconds: float = PAGE_SECONDS) -> Get:
    """What answers a GET within so many seconds, whatever its status below 500.

    Raises RemoteRefused, RemoteUnavailable.
    """
    auth, values = settings.list.auth, settings.api.values
    headers = {name: filled(text, values) for name, text in auth.headers.items()}
    if auth.basic:
        pair = filled(auth.basic, values).encode()
        headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
    if auth.token is None:
        return partial(_get, context, {"Accept": "application/json", **headers}, seconds)
    fetch = partial(_token, auth.token, settings, headers, context)
    token = token_of(context, _client(auth.token, settings), fetch)
    return TokenSession(token, context, headers=headers, seconds=seconds).get


def _client(token: Token, settings: Settings) -> str:
    """Who asks for the token and where, as a digest: which of the parameters are secrets is not known."""
    asked = [address(settings, token.path), *(filled(text, settings.api.values) for text in token.parameters.values())]
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()


def address(settings: Settings, path: str) -> str:
    """An address of the LMS."""
    return urljoin(f"{settings.api.url.rstrip('/')}/", path.lstrip("/")) if path else settings.api.url


def listed(answer: HttpResponse, url: str, rights: str) -> HttpResponse:
    """The answer, or RemoteRefused with what to change."""
    if answer.status != 200:
        raise RemoteRefused(
            f"{host_of(url)} answered {answer.status} to the list of people{_words(answer)}; "
            f"{_advice(answer.status)} {rights}{body_excerpt(answer.body)}",
            status=answer.status,
        )
    return answer


def _get(context: ReaderContext, headers: Mapping[str, str], seconds: float, url: str) -> HttpResponse:
    call = partial(context.outbound.request, "GET", url, headers=headers, deadline=seconds, max_bytes=MAX_PAGE_BYTES)
    return with_retries(call, context)


def _token(token: Token, settings: Settings, headers: Mapping[str, str], context: ReaderContext) -> tuple[str, float]:
    parameters = {name: filled(text, settings.api.values) for name, text in token.parameters.items()}
    url = address(settings, token.path)
    request = TokenRequest(url, parameters, as_json=token.encoding == "json", headers=headers)
    return fetch_token(request, context.outbound, partial(_read_token, token))


def _read_token(token: Token, answer: HttpResponse, url: str) -> tuple[str, float]:
    """The token of an answer that is not as OAuth has it: under another name, or the answer itself."""
    document = _json(answer)
    if isinstance(document, dict):
        document = {**document, "access_token": document.get(token.member or "access_token")}
    elif answer.status == 200 and isinstance(document, str) and not token.member:
        document = {"access_token": document}
    else:
        return read_token(answer, url)
    document.setdefault("expires_in", token.seconds)
    return read_token(HttpResponse(answer.status, answer.headers, msgspec.json.encode(document), ""), url)


def _json(answer: HttpResponse) -> Any:
    try:
        return answer.json()
    except RemoteRefused:
        return None


def _words(answer: HttpResponse) -> str:
    document = _json(answer)
    inner = document.get("error") if isinstance(document, dict) else None
    document = inner if isinstance(inner, dict) else document
    return (
        error_words(document, "error", "error_description", "message", "Message") if isinstance(document, dict) else ""
    )


def _advice(status: int) -> str:
    if status in {401, 403}:
        return "check the keys below `api`, and whose they are."
    if status == 404:
        return "check `api.url` and `list.path`."
    return "check `api` and `list`."
