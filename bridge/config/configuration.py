"""The configuration: YAML read once into frozen settings, complaining completely.

Every scalar reaches the settings as it was typed, so `student_key: 00123` stays `00123`. `${NAME}` reads the
environment and `${file:/run/secrets/x}` a file. Unknown keys are mistakes: a misspelt limit must not mean "no limit".
"""

from __future__ import annotations

import gc
import importlib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    IPvAnyNetwork,
    SecretStr,
    field_validator,
    model_validator,
)

from bridge.config.adapters import Adapters
from bridge.config.admin import Admin
from bridge.config.database import DEFAULT_URL
from bridge.config.retention import Retention
from bridge.config.settings import Frozen, Origin, WebAddress
from bridge.config.validation import line_of, plain_http, validated
from bridge.config.yaml_file import STANDS_FOR_UNSET, ConfigFile, read_config_file
from bridge.contracts import ACCEPTED, VOUCHED, Adapter, Assurance, Connection
from bridge.errors import ConfigError
from bridge.launch.courses import Course, each_key_once
from bridge.learners.students import Rule
from bridge.net.authorities import check_bundle
from bridge.net.proxy import read_proxy
from bridge.ottolearn.settings import Oidc, OttoLearn
from bridge.presentation.brand import Brand
from bridge.presentation.support import Support
from bridge.roster.settings import LookUpPolicy, can_look_up

DATABASES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg")
CONNECTION_NAME = r"^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$"


def _contact(text: str) -> str:
    """RFC 9116, section 2.5.3: an address on the web, of a mail box or of a telephone."""
    if re.fullmatch(r"[^\s@:/]+@[^\s@:/]+\.[^\s@:/]+", text):
        text = f"mailto:{text}"
    if not re.fullmatch(r"(?:https://|mailto:|tel:)[!-~]+", text):
        raise ValueError("allowed: an e-mail address, or one that starts with https://, mailto: or tel:")
    return text


Contact = Annotated[str, AfterValidator(_contact)]


class Bridge(Frozen):
    """The `bridge:` part: who we are and what we may reach."""

    public_url: Origin
    secret_key: SecretStr
    database_url: SecretStr = SecretStr(DEFAULT_URL)
    workers: bool = False
    """Whether `ottobridge worker` does what is to do between requests, and `ottobridge serve` nothing of it."""
    scheduled_syncs: bool | None = None
    """Whether the bridge starts the roster syncs that are due; else a timer calls `ottobridge sync run --all`. Unset:
    where there are workers."""
    traces: WebAddress | None = None
    """The OTLP/HTTP collector that gets traces, such as http://127.0.0.1:4318/v1/traces."""
    database_prepare: bool = True
    """Whether PostgreSQL may be asked to prepare statements; behind PgBouncer it is not, whatever is said here."""
    trusted_networks: tuple[IPvAnyNetwork, ...] = ()
    """Private ranges that may be called, and by plain http."""
    progress_token: SecretStr | None = None
    """What OttoLearn shows at `/api/v1/progress`; without it, nobody may post there."""
    ca_bundle: Annotated[Path, AfterValidator(check_bundle)] | None = None
    """A file of certificates in PEM form: authorities of the operator's own, trusted besides the public ones."""
    proxy: SecretStr | None = None
    """The outgoing proxy, `http://user:password@host:port`; unset, HTTPS_PROXY says; `none`, there is none."""
    no_proxy: tuple[str, ...] | None = None
    """Hosts, domains, addresses and networks that are called directly; unset, NO_PROXY says."""
    proxy_by_name: bool = False
    """Whether the proxy is told names and resolves them itself, and not the address that was checked here."""
    trusted_proxies: tuple[IPvAnyNetwork, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    """Our own web servers, whose `X-Forwarded-For` says who asks."""
    setup_pages: bool = True
    """Whether `/setup/CONNECTION` shows LMS administrators what to enter."""

    security_contact: tuple[Contact, ...] = ()
    """Whom `/.well-known/security.txt` names, the first preferred."""
    security_policy: WebAddress | None = None
    """What is asked of whoever reports a hole."""

    support: Support = Support()
    """Whom learners turn to; a connection may name its own."""
    brand: Brand = Brand()
    """Name, logo and colours of the pages that learners and teachers see; a connection may have its own."""

    @property
    def starts_syncs(self) -> bool:
        """Whether roster syncs are jobs of the bridge itself."""
        return self.workers if self.scheduled_syncs is None else self.scheduled_syncs

    @model_validator(mode="after")
    def _has_a_queue(self) -> Self:
        if self.workers and self.database_url.get_secret_value().startswith("sqlite"):
            raise ValueError("workers: true needs PostgreSQL (database_url: postgresql+psycopg://…)")
        return self

    @field_validator("public_url")
    @classmethod
    def _without_slash(cls, url: str) -> str:
        return url.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, url: SecretStr) -> SecretStr:
        scheme = url.get_secret_value().partition(":")[0]
        if scheme not in {*DATABASES, STANDS_FOR_UNSET}:
            other = " (postgres:// is how other programs write it)" if scheme == "postgres" else ""
            raise ValueError(f"allowed: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE{other}")
        return url

    @field_validator("proxy")
    @classmethod
    def _is_proxy(cls, url: SecretStr | None) -> SecretStr | None:
        if url is not None and url.get_secret_value() not in {"", "none"}:
            read_proxy(url.get_secret_value())
        return url

    @field_validator("secret_key", "progress_token")
    @classmethod
    def _long_enough(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and len(key.get_secret_value().encode()) < 32:
            raise ValueError("allowed: at least 32 random bytes, such as `openssl rand -hex 32` prints")
        return key


class LookUp(Frozen):
    """With `on_no_match: look_up`."""

    per_minute: int = Field(default=30, ge=1, le=10_000)
    """People whom the LMS is asked for, at most. Launches for which the LMS does not vouch get a fifth of it."""
    assurances: tuple[Assurance, ...] = Field(default=tuple(sorted(VOUCHED)), min_length=1)
    """Who must vouch for the student ID, so that the LMS is asked."""


class CommonKeys(Frozen):
    """What every connection may say, whatever its adapter."""

    accepts: tuple[Assurance, ...] = Field(default=tuple(sorted(ACCEPTED)), min_length=1)
    """Who may vouch for a student ID; a launch of another assurance is refused. `claimed` must be asked for."""
    on_no_match: Literal["error", "create", "look_up"] = "error"
    """What becomes of a student whom nobody in OttoLearn is found for; `create` makes the user at the launch of what it
    says, `look_up` asks the LMS for the person and does what a sync would."""
    look_up: LookUp = LookUp()
    new_learner: dict[str, str] = Field(default_factory=dict)
    """With `on_no_match: create`: attributes that OttoLearn requires, for students about whom the LMS says nothing."""
    ignore_case: bool = False
    """Whether IDs that differ in the case of the letters A to Z alone are the same ID."""
    replace_ids: bool = False
    on_id_change: Literal["hold", "follow"] = "hold"
    """What a sync does when a record of the LMS has another student ID than before: report it, or change the ID of the
    same OttoLearn user."""
    roster_connection: str = ""
    """The connection whose roster knows the people who launch here, where that is another one."""
    student_id_rules: tuple[Rule, ...] = ()
    """How the ID that the LMS sends becomes the one that OttoLearn holds."""
    support: Support | None = None
    brand: Brand | None = None


def _some(connections: object) -> object:
    """A key with nothing below it is a mistake, such as connections that were put in at the wrong place."""
    if connections is None:
        raise ValueError("nothing stands below it; where LMSs register themselves, leave the key out or write {}")
    return connections


class _Parts(Frozen):
    bridge: Bridge
    ottolearn: OttoLearn
    connections: Annotated[dict[str, dict[str, Any]], BeforeValidator(_some)] = Field(default_factory=dict)
    courses: Annotated[tuple[Course, ...], AfterValidator(each_key_once)] = ()
    retention: Retention = Retention()
    admin: Admin = Admin()


@dataclass(frozen=True)
class Configuration:
    """Everything the bridge was told, checked."""

    bridge: Bridge
    ottolearn: OttoLearn
    connections: Mapping[str, Connection[Any]]
    courses: tuple[Course, ...] = ()
    retention: Retention = Retention()  # noqa: RUF009 -- frozen
    admin: Admin = Admin()  # noqa: RUF009 -- frozen


def load(
    path: Path,
    adapters: Adapters,
    environ: Mapping[str, str] = os.environ,
    *,
    unset: list[str] | None = None,
) -> Configuration:
    """Read and check the configuration at `path`. Raises ConfigError with every mistake in it.

    Environment variables that are not set are mistakes; with a list `unset` they are put there instead, for commands
    that use no secret and may run where the secrets are not.
    """
    with _no_collection():
        file = read_config_file(path, environ)
        problems = [*file.problems, *(file.unset.values() if unset is None else ())]
        if unset is not None:
            unset += file.unset
        parts = validated(_Parts, file, (), problems)
        connections = _connections(file, adapters, problems)
        problems += plain_http(file) + (_unreachable_courses(file, parts) if parts else [])
    if parts is None and not problems:
        problems += file.unset.values()  # without them it cannot even be described
    if problems or parts is None:
        raise ConfigError(sorted(set(problems), key=line_of))
    return Configuration(parts.bridge, parts.ottolearn, connections, parts.courses, parts.retention, parts.admin)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Within the block nothing is looked through for garbage: of many connections there are a million values that all
    stay, and to look through them again and again took longer than to read them.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def load_bridge(path: Path, environ: Mapping[str, str] = os.environ) -> Bridge:
    """The `bridge:` part alone, for commands that need no more: no adapter is loaded for it, and what the other parts
    want of the environment need not be set.

    Raises ConfigError with every mistake in it, and for a file that cannot be read.
    """
    file = read_config_file(path, environ, only="bridge")
    problems = [*file.problems, *file.unset.values()]
    tree = file.tree.get("bridge")
    if tree is None:
        raise ConfigError([*problems, file.problem((), "the key `bridge` is missing")])
    bridge: Bridge | None = validated(Bridge, file, ("bridge",), problems, tree)
    if problems or bridge is None:
        raise ConfigError(sorted(set(problems), key=line_of))
    return bridge


def _connections(file: ConfigFile, adapters: Adapters, problems: list[str]) -> dict[str, Connection[Any]]:
    found: dict[str, Connection[Any]] = {}
    entries = file.tree.get("connections")
    for name, entry in entries.items() if isinstance(entries, dict) else ():
        where = ("connections", name)
        if not _is_connection_name(name):
            problems.append(file.problem(where, "allowed as a name: lower-case letters, digits and hyphens"))
        if not isinstance(entry, dict):
            continue
        adapter = adapters.named(str(entry.get("adapter", ""))) or _third_party(str(entry.get("adapter", "")))
        if adapter is None:
            what = "unknown adapter" if "adapter" in entry else "the key `adapter` is missing"
            at = (*where, "adapter") if "adapter" in entry else where
            problems.append(file.problem(at, f"{what}; allowed: {', '.join(adapters.names)}, or package.module:NAME"))
            continue
        own = {key: value for key, value in entry.items() if key != "adapter" and key not in CommonKeys.model_fields}
        common = {key: value for key, value in entry.items() if key in CommonKeys.model_fields}
        settings = validated(adapter.settings, file, where, problems, own)
        policy = validated(CommonKeys, file, where, problems, common)
        if settings is not None and policy is not None:
            provisioning = policy.new_learner if policy.on_no_match == "create" else None
            found[name] = Connection(
                name,
                adapter,
                settings,
                accepts=frozenset(policy.accepts),
                id_rules=policy.student_id_rules,
                provisioning=provisioning,
                look_up=_look_up_of(policy),
                ignore_case=policy.ignore_case,
                replaces_ids=policy.replace_ids,
                follows_ids=policy.on_id_change == "follow",
                roster_connection=policy.roster_connection,
                support=policy.support,
                brand=policy.brand,
            )
    problems += _rosters_elsewhere(file, found)
    problems += _not_to_be_looked_up(file, found)
    problems += _claimed_rosters(file, found)
    return found


def _rosters_elsewhere(file: ConfigFile, found: Mapping[str, Connection[Any]]) -> Iterator[str]:
    """A roster is another connection of this file, and has people."""
    rosters = {name: None for name, connection in found.items() if connection.adapter.read_roster is not None}
    for name, connection in found.items():
        elsewhere = connection.roster_connection
        if elsewhere and (elsewhere == name or elsewhere not in rosters):
            allowed = [other for other in rosters if other != name]
            if connection.roster_connection in set(file.tree["connections"]) - set(found):
                continue  # its own mistakes are told
            sentence = f"allowed: another connection of this file that has a roster: {', '.join(allowed) or 'none yet'}"
            yield file.problem(("connections", name, "roster_connection"), sentence)


def _not_to_be_looked_up(file: ConfigFile, found: Mapping[str, Connection[Any]]) -> Iterator[str]:
    """Who is to be looked up must have an LMS that can be asked for one person, or a file to look into."""
    for name, connection in found.items():
        source = found.get(connection.roster_connection, connection)
        if connection.look_up is None or can_look_up(source):
            continue
        usual = "the key `api`" if source.adapter.look_up is not None else "a connection whose LMS can be asked"
        lacks = source.adapter.look_up_lacks(source.settings) or usual
        sentence = f"`look_up` needs {lacks}" + (f" in {source.name}" if source is not connection else "")
        yield file.problem(("connections", name, "on_no_match"), sentence)


def _look_up_of(policy: CommonKeys) -> LookUpPolicy | None:
    if policy.on_no_match != "look_up":
        return None
    return LookUpPolicy(policy.look_up.per_minute, frozenset(policy.look_up.assurances))


def _claimed_rosters(file: ConfigFile, found: Mapping[str, Connection[Any]]) -> Iterator[str]:
    """A roster of IDs that course authors can write is read only where they are trusted."""
    for name, connection in found.items():
        settings = connection.settings
        claims = "roster" in settings.model_fields_set and connection.adapter.claims_roster(settings)
        if claims and Assurance.CLAIMED not in connection.accepts:
            sentence = (
                "whoever edits a course can write it, and a roster by it would give anybody's ID to anybody; allowed "
                "with `roster`: a field that the platform fills by itself, or this one where `accepts` takes claimed"
            )
            yield file.problem(("connections", name, "student_id"), sentence)


def _third_party(path: str) -> Adapter[Any] | None:
    """The adapter behind `package.module:NAME`, or None where there is none."""
    module, colon, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name, None) if colon and module and name else None
    except ImportError:
        return None
    return found if isinstance(found, Adapter) else None


def _unreachable_courses(file: ConfigFile, parts: _Parts) -> list[str]:
    """By OpenID Connect a course's address is all that reaches OttoLearn (docs/ottolearn-api.md)."""
    if not isinstance(parts.ottolearn.sign_in, Oidc):
        return []
    sentence = "with sign_in by oidc nothing else leads to the course: the key `url` is missing"
    return [
        file.problem(("courses", str(at)), sentence) for at, course in enumerate(parts.courses) if course.url is None
    ]


def _is_connection_name(name: str) -> bool:
    return re.fullmatch(CONNECTION_NAME, name) is not None
