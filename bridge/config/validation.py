"""Validation of the configuration: each mistake as a sentence with its place, what was found, what is allowed."""

from __future__ import annotations

import difflib
import socket
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, get_args
from urllib.parse import urlsplit

from pydantic import (
    ValidationError,
)

from bridge.config.settings import Frozen
from bridge.config.yaml_file import ConfigFile


def validated(
    model: Any, file: ConfigFile, where: tuple[str, ...], problems: list[str], tree: object = None
) -> Any | None:
    """`tree`, or the whole file, as `model`; None where that is not allowed, and every mistake goes to `problems`."""
    try:
        return model.model_validate(file.tree if tree is None else tree)
    except ValidationError as error:
        for mistake in error.errors(include_url=False, include_input=False):
            path = file.path_of((*where, *(str(step) for step in mistake["loc"])))
            if path in file.unfilled:
                continue
            problems.append(_sentence(file, path, mistake, _keys_at(model, mistake["loc"][:-1])))
        return None


def _sentence(file: ConfigFile, path: tuple[str, ...], mistake: Any, keys: Sequence[str]) -> str:
    """One mistake in words: where, what was found, what is allowed."""
    context = mistake.get("ctx", {})
    match mistake["type"]:
        case "missing":
            return file.problem(path[:-1], f"the key `{path[-1]}` is missing")
        case "extra_forbidden":
            return file.problem(path, _unknown_key(path[-1], keys), shown=False)  # perhaps a mistyped secret
        case "model_type" | "model_attributes_type" | "dict_type":  # perhaps a secret, one level too high
            return file.problem(path, "found a single value; allowed: keys with their values, indented", shown=False)
        case "literal_error":
            return file.problem(path, f"allowed: {context['expected']}")
        case "value_error":
            return file.problem(path, str(context["error"]))
        case "union_tag_invalid":
            return file.problem((*path, context["discriminator"].strip("'")), f"allowed: {context['expected_tags']}")
    return file.problem(path, mistake["msg"][0].lower() + mistake["msg"][1:])


def _unknown_key(key: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, allowed, n=1)
    meant = f"; did you mean `{near[0]}`?" if near else ""
    return f"unknown key{meant} (allowed: {', '.join(allowed)})"


def _keys_at(model: Any, steps: Sequence[int | str]) -> list[str]:
    """The keys allowed where `steps` lead, from `model` downwards."""
    for step in steps:
        inner = model.model_fields[step].annotation if step in model.model_fields else None
        models = list(_models_in(inner))
        model = models[0] if models else model
    return sorted(model.model_fields)


def _models_in(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, type) and issubclass(annotation, Frozen):
        yield annotation
    for part in get_args(annotation):
        yield from _models_in(part)


def plain_http(file: ConfigFile) -> list[str]:
    """The addresses that use plain http: allowed only to hosts in `bridge.trusted_networks`, for trials."""
    bridge = file.tree.get("bridge")
    named = bridge.get("trusted_networks") if isinstance(bridge, dict) else None
    networks = [network for text in named if (network := _network(text))] if isinstance(named, list) else []
    return [
        file.problem(path, "plain http; allowed: https, or http with its network in bridge.trusted_networks")
        for path, text in file.scalars()
        if path != ("bridge", "proxy")
        and (host := _plain_http_host(text)) is not None
        and not _lies_within(host, networks)
    ]


def _plain_http_host(text: str) -> str | None:
    """The host of an address with plain http; None for any other text."""
    try:
        parts = urlsplit(text)
    except ValueError:  # `https://[` is text in one place, and reported by the validation of the model in another
        return None
    return (parts.hostname or "") if parts.scheme == "http" else None


def _network(text: object) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(str(text))
    except ValueError:
        return None  # reported by the validation of the model


def _lies_within(host: str, networks: Sequence[IPv4Network | IPv6Network]) -> bool:
    """Whether every address of `host` is in one of the networks. A name that does not resolve here may do so where the
    bridge will run: with trusted networks it passes, and is refused when it is called.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM) if networks else []
    except (OSError, UnicodeError):
        return True
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    return bool(addresses) and all(any(address in network for network in networks) for address in addresses)


def line_of(problem: str) -> tuple[int, str]:
    """The sort key of a problem: its line, then its text."""
    line = problem.split(":", 2)[1]
    return (int(line) if line.isdigit() else 0, problem)
