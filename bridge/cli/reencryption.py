"""After `bridge.secret_key` was changed: what the database keeps encrypted is encrypted by the new key.

Each row is changed by itself, and one that the new key opens is left as it is, so that the command may be repeated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

import msgspec

from bridge.config.encryption import DecryptionFailed, reencrypt_secrets
from bridge.errors import ConfigError
from bridge.keys.connection_state import purpose_of
from bridge.keys.encryption import reencrypt
from bridge.lti import toolkeys
from bridge.progress.reports import PURPOSE
from bridge.roster.authorization_code import SECRET
from bridge.roster.shared_token import ACCESS
from bridge.store import connection_secrets, connections, own_keys, visits
from bridge.store.database import Engine

BATCH: Final = 500
DONE, KEPT, LOST = "reencrypted", "unchanged", "undecryptable"


def reencrypt_all(engine: Engine, earlier: str, secret_key: str, names: list[str]) -> Iterator[tuple[str, str, str]]:
    """What it is, which one, and what became of it; `names` are those of all connections."""
    yield from _own_keys(engine, earlier, secret_key)
    yield from _settings(engine, earlier, secret_key)
    yield from _tokens(engine, earlier, secret_key, names)
    yield from _visits(engine, earlier, secret_key)


def count(found: Iterator[tuple[str, str, str]]) -> dict[str, Counter[str]]:
    """By what it is, how much became of each."""
    counted: dict[str, Counter[str]] = {}
    for what, _, became in found:
        counted.setdefault(what, Counter())[became] += 1
    return counted


def _own_keys(engine: Engine, earlier: str, secret_key: str) -> Iterator[tuple[str, str, str]]:
    for row in own_keys.every(engine):
        try:
            text = toolkeys.reencrypt(row.encrypted_private, row.kid, earlier, secret_key, row.purpose)
        except ConfigError:
            yield "signing keys", row.kid, LOST
            continue
        is_changed = text != row.encrypted_private and own_keys.reencrypt(engine, row, text)
        yield "signing keys", row.kid, DONE if is_changed else KEPT


def _settings(engine: Engine, earlier: str, secret_key: str) -> Iterator[tuple[str, str, str]]:
    for row in connections.every(engine):
        values = msgspec.json.decode(row.settings, type=dict[str, object])
        try:
            after = reencrypt_secrets(values, earlier, secret_key, row.name)
        except DecryptionFailed:
            yield "connections", row.name, LOST
            continue
        text = msgspec.json.encode(after).decode()
        is_changed = after != values and connections.change_settings(engine, row, text)
        yield "connections", row.name, DONE if is_changed else KEPT


def _tokens(engine: Engine, earlier: str, secret_key: str, names: list[str]) -> Iterator[tuple[str, str, str]]:
    for connection in names:
        for name in (SECRET, ACCESS):
            before = connection_secrets.read(engine, connection, name)
            if not before:
                continue
            try:
                after = reencrypt(before, earlier, secret_key, purpose_of(name, connection))
            except ValueError:
                yield "tokens of LMSs", f"{name} of {connection}", LOST
                continue
            if after != before:
                connection_secrets.write(engine, connection, name, after)
            yield "tokens of LMSs", f"{name} of {connection}", DONE if after != before else KEPT


def _visits(engine: Engine, earlier: str, secret_key: str) -> Iterator[tuple[str, str, str]]:
    last = 0
    while rows := visits.channels(engine, last, BATCH):
        changed: list[tuple[int, str]] = []
        for number, before in rows:
            try:
                after = reencrypt(before, earlier, secret_key, PURPOSE)
            except ValueError:
                yield "visits", str(number), LOST
                continue
            if after != before:
                changed.append((number, after))
            yield "visits", str(number), DONE if after != before else KEPT
        if changed:
            visits.change_channels(engine, changed)
        last = rows[-1][0]
