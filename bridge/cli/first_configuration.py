"""The first configuration of a bridge: the text of config.yaml, and the secrets that it names."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bridge.config.settings import origin

KINDS: Final = ("canvas", "moodle", "lti", "scorm", "none")
"""Kinds of LMSs that a first connection can be for; `none` for those that register themselves."""
STUDENT_IDS: Final = {"canvas": "sis_user_id", "moodle": "idnumber", "lti": "lis_person_sourcedid"}
_SPECIAL, _ESCAPED = r'(["\\$`])', r"\\\1"
PLATFORMS: Final = {
    "canvas": (
        "https://canvas.instructure.com",
        "https://sso.canvaslms.com/api/lti/authorize_redirect",
        "https://sso.canvaslms.com/login/oauth2/token",
        "https://sso.canvaslms.com/api/lti/security/jwks",
    ),
    "moodle": ("{url}", "{url}/mod/lti/auth.php", "{url}/mod/lti/token.php", "{url}/mod/lti/certs.php"),
    "lti": ("{url}", "{url}/AUTHORIZATION", "{url}/TOKEN", "{url}/JWKS"),
}
"""Issuer, authorization, token and key set of LTI 1.3."""


@dataclass(frozen=True)
class Answers:
    """What was asked."""

    public_url: str
    organization_id: int
    username: str
    learner_url: str
    kind: str
    lms_url: str

    @property
    def connection(self) -> str:
        """The name of the first connection."""
        return f"campus-{self.kind}"


def new_secrets(answers: Answers, password: str, token: Callable[[int], str] = secrets.token_hex) -> dict[str, str]:
    """Each secret by the name of its environment variable."""
    found = {
        "OTTOBRIDGE_SECRET_KEY": token(32),
        "OTTOLEARN_PASSWORD": password,
        "OTTOLEARN_OIDC_SECRET": token(32),
    }
    return found | ({"LMS_LTI_SECRET": token(32)} if answers.kind in PLATFORMS else {})


def config_text(answers: Answers, place: Callable[[str], str]) -> str:
    """The file; `place` says how it names a secret."""
    local = [url for url in (answers.public_url, answers.learner_url, answers.lms_url) if url.startswith("http:")]
    trusted = '127.0.0.0/8, "::1/128"' if local else ""
    return f"""\
# OttoBridge's configuration; `ottobridge config example` shows every key with its meaning,
# and `ottobridge config check` names each mistake with its line.

bridge:
  public_url: {_quoted(answers.public_url.rstrip("/"))}
  secret_key: {place("OTTOBRIDGE_SECRET_KEY")}
  # SQLite for one machine; postgresql+psycopg://USER:PASSWORD@HOST/DATABASE for several.
  database_url: sqlite:///ottobridge.db
  trusted_networks: [{trusted}]

ottolearn:
  organization_id: {answers.organization_id}
  username: {_quoted(answers.username)}
  password: {place("OTTOLEARN_PASSWORD")}
  # The attributes with the key icon that may hold a student ID, the most trusted first.
  username_attributes: [username]
  learner_url: {_quoted(answers.learner_url)}
  # What OttoLearn's form for single sign-on takes: docs/ottolearn-api.md.
  sign_in:
    method: oidc
    client_id: ottolearn
    client_secret: {place("OTTOLEARN_OIDC_SECRET")}
    redirect_uris: [{_quoted(answers.learner_url.rstrip("/") + "/sso/callback")}]   # exactly as OttoLearn sends it
    # Where OttoLearn takes a login that a third party initiates; without it see the warning of `config check`.
    # initiate_login_uri: {_quoted(answers.learner_url.rstrip("/") + "/sso/login")}
{_connection(answers, place)}"""


def write_all(path: Path, text: str, given: dict[str, str], *, as_env: bool) -> list[Path]:
    """Write the configuration and the secrets, each readable by its owner alone; what was written.

    Raises FileExistsError before anything is written where any of it is there already.
    """
    files = secret_files(path, given, as_env=as_env) | {path: text}
    for file in files:
        if file.exists():
            raise FileExistsError(f"{file} already exists; nothing was written")
    for file, content in files.items():
        file.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
            opened.write(content)
    return [*files]


def secret_files(path: Path, given: dict[str, str], *, as_env: bool) -> dict[Path, str]:
    """The files of the secrets beside the configuration, and what stands in each."""
    if as_env:
        return {path.parent / "secrets.env": "".join(f"{name}={_plain(value)}\n" for name, value in given.items())}
    return {file_of(path, name): f"{value}\n" for name, value in given.items()}


def file_of(path: Path, name: str) -> Path:
    """Where the secret `name` stands, absolute: commands are run from anywhere."""
    return path.parent.resolve() / "secrets" / name.lower()


def _connection(answers: Answers, place: Callable[[str], str]) -> str:
    if answers.kind == "none":
        return "\n# LMSs that register themselves need no entry: ottobridge setup invite --help\n"
    if answers.kind == "scorm":
        return f"""
connections:
  {answers.connection}:
    adapter: scorm
    # The sites whose pages may launch.
    package_origins: [{_quoted(origin(answers.lms_url))}]
"""
    issuer, auth, token, keys = (part.format(url=answers.lms_url.rstrip("/")) for part in PLATFORMS[answers.kind])
    return f"""
connections:
  {answers.connection}:
    adapter: {answers.kind}
    # Which of a person's ids is the student ID: adapters/{answers.kind}/README.md
    student_id: {STUDENT_IDS[answers.kind]}
    # LTI 1.1 works at once: `ottobridge setup {answers.connection}` prints what to enter in the LMS.
    lti11:
      consumer_key: {answers.connection}
      shared_secret: {place("LMS_LTI_SECRET")}
    # LTI 1.3 is better. Fill in what the LMS shows, and remove lti11.
    # lti13:
    #   issuer: {_quoted(issuer)}
    #   client_id: "…"
    #   deployment_ids: ["…"]
    #   auth_url: {_quoted(auth)}
    #   token_url: {_quoted(token)}
    #   jwks_url: {_quoted(keys)}
"""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # which YAML reads as the same text


def _plain(value: str) -> str:
    """As systemd, compose and a shell read a value: in quotes where it is more than letters and digits."""
    return value if value.isalnum() and value.isascii() else f'"{re.sub(_SPECIAL, _ESCAPED, value)}"'
