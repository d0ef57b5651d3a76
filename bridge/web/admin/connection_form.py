"""The form of a new connection, made from what its adapter's settings take; and what the form says, as settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from bridge.config.setting_fields import Kind, SettingField, fields_of, needs_file
from bridge.contracts import Adapter

STUDENT_ID: Final = "student_id"
ROSTER: Final = "roster.attributes"
"""The field in which a line names an attribute of OttoLearn and what fills it."""
TITLES: Final = {
    "lti13": "LTI 1.3",
    "lti11": "LTI 1.1",
    "api": "The API of the LMS",
    "learning": "SuccessFactors Learning",
    "hcm": "The HCM suite",
    "step_up": "Learners of packages sign in first",
    "aicc": "AICC",
    "cmi5": "cmi5",
}
LABELS: Final = {
    "issuer": "Issuer (platform ID)",
    "auth_url": "Authentication request URL",
    "jwks_url": "Public keyset URL",
    "token_url": "Access token URL",
    "deployment_ids": "Deployment IDs",
    "url": "Address",
    "package_origins": "Sites of the LMS",
    "allowed_urls": "Addresses that may be called back",
}
WORDS: Final = {"id": "ID", "ids": "IDs", "url": "URL", "urls": "URLs", "api": "API"}
NOTES: Final = {
    "lti13.deployment_ids": "Left empty, a deployment is trusted from its first well-signed launch on.",
    "lti13.token_url": "For grades, and for the people of a course.",
    "lti11.user_id": "person: user_id names one person for good; course: only within one course.",
    "package_origins": "Scheme and host, such as https://lms.example.com. Others wait for your approval when a package "
    "is first played there.",
    "api.url": "Such as https://lms.example.com.",
    "hcm.private_key": "RSA, in PEM form, without a passphrase.",
    ROSTER: "An attribute of OttoLearn and the field of the LMS that fills it, such as username: sis_user_id. Left "
    "empty, nobody is synced.",
}


class Group(NamedTuple):
    """Fields that belong together; those that may be left as they are stand apart."""

    name: str
    title: str
    is_required: bool
    fields: tuple[SettingField, ...]
    others: tuple[SettingField, ...]


def can_be_formed(adapter: Adapter[Any]) -> bool:
    """Whether a form can make a connection of this kind: one of a file on the server stands in the configuration."""
    return not needs_file(adapter.settings)


def label_of(field: SettingField) -> str:
    """What a key is called on the page."""
    key = field.path[-1]
    words = " ".join(WORDS.get(word, word) for word in key.split("_"))
    return LABELS.get(key, f"{words[0].upper()}{words[1:]}")


def note_of(field: SettingField) -> str:
    """What is said below a field."""
    return NOTES.get(field.name, "")


def groups_of(adapter: Adapter[Any]) -> Iterator[Group]:
    """The parts of the form, in the order of the settings; first what belongs to none."""
    fields = [field for field in fields_of(adapter.settings) if field.path != (STUDENT_ID,)]
    models = adapter.settings.model_fields
    for name in dict.fromkeys(["", *(field.group for field in fields)]):
        mine = [field for field in fields if field.group == name]
        asked = tuple(field for field in mine if _is_asked(field))
        others = tuple(field for field in mine if not _is_asked(field))
        title = TITLES.get(name, name.replace("_", " ").capitalize())
        if mine:
            yield Group(name, title, not name or models[name].is_required(), asked, others)


def read_form(adapter: Adapter[Any], form: Mapping[str, str]) -> dict[str, Any]:
    """What the form says, as it would stand in the configuration; empty fields, and parts of none but these, say
    nothing.
    """
    found: dict[str, Any] = {STUDENT_ID: form[STUDENT_ID].strip()} if form.get(STUDENT_ID, "").strip() else {}
    for group in groups_of(adapter):
        said = {
            field.path[-1]: value
            for field in (*group.fields, *group.others)
            if (value := _value(field, form)) and value != field.default
        }
        if not group.name:
            found |= said
        elif said or group.is_required:
            found[group.name] = said
    if "lti13" in found and "deployment_ids" not in found["lti13"]:
        found["lti13"]["learn_deployments"] = True
    if adapter.read_roster is not None and form.get(ROSTER, "").strip():
        found["roster"] = {"attributes": dict(_attributes(form[ROSTER]))}
    return found


def problems_of(error: ValidationError) -> dict[str, str]:
    """Each field's mistake in words, by the field's name; what is wrong of a whole part stands by that part's name."""
    found: dict[str, str] = {}
    for mistake in error.errors(include_url=False, include_input=False):
        path = ".".join(step for step in mistake["loc"] if isinstance(step, str))
        words = "this is needed" if mistake["type"] == "missing" else mistake["msg"].removeprefix("Value error, ")
        found[ROSTER if path.startswith("roster") else path] = words
    return found


def _is_asked(field: SettingField) -> bool:
    """Whether everybody should look at the field."""
    is_plain = not field.default and field.kind not in {Kind.LINES, Kind.NUMBER}
    return field.is_required or field.kind is Kind.SECRET or is_plain or field.name in NOTES


def _value(field: SettingField, form: Mapping[str, str]) -> Any:
    text = form.get(field.name, "")
    if field.kind is Kind.LINES:
        return [line.strip() for line in text.splitlines() if line.strip()]
    return text.strip()


def _attributes(text: str) -> Iterator[tuple[str, str]]:
    for line in filter(str.strip, text.splitlines()):
        attribute, _, field = line.partition(":")
        yield attribute.strip(), field.strip()
