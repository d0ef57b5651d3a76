"""What holds of every adapter, as tests: inherit `AdapterContract` and name the adapter.

    class TestAcme(AdapterContract):
        adapter = ADAPTER

An example of a connection comes from `config.example.yaml` in the adapter's folder. Each failure says what to write.
"""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel, SecretStr

from bridge.config.settings import Frozen
from bridge.contracts import Adapter, LaunchRequest, RosterEnd, SignedClaims, SignedForm
from bridge.errors import ConfigError, LaunchRejected, OttoBridgeError
from bridge.install.guide import Addresses, SetupGuide, to_text
from bridge.testing.unreachable import UnreachableLms

MISSING = "FILL IN:"
"""What stands in a scaffold where only the facts of the LMS can stand."""
ARGUMENTS = {
    "read_claims": 2,
    "read_course": 2,
    "read_form": 2,
    "read_page": 2,
    "read_aicc": 3,
    "read_cmi5": 3,
    "report": 4,
    "read_roster": 2,
    "read_changes": 3,
    "look_up": 3,
    "look_up_lacks": 1,
    "presets": 0,
    "record_of_launch": 4,
    "examine": 2,
    "tells_changes": 1,
    "fingerprint": 1,
    "installation": 2,
    "consent": 1,
    "registration_request": 2,
    "build_package": 1,
    "correct": 5,
    "claims_roster": 1,
}
"""The slots of functions, and with how many arguments the bridge calls each."""
LAUNCHES = ("read_claims", "read_form", "read_page", "read_aicc", "read_cmi5")
NEEDS = {
    "read_course": ("read_claims",),
    "registration_request": ("read_claims",),
    "report": ("read_claims", "read_aicc", "read_cmi5"),
    "record_of_launch": LAUNCHES,
    "read_changes": ("read_roster",),
    "look_up": ("read_roster",),
    "fingerprint": ("read_roster",),
    "consent": ("read_roster",),
}
"""What is of no use unless one of these is there as well."""
NOBODY: dict[str, Any] = {"https://purl.imsglobal.org/spec/lti/claim/roles": []}
"""Claims that were verified and name no person."""
SECRET = re.compile(r"(^|_)(secret|password|token|private_key|api_key)$")


class AdapterContract:
    """The tests; a subclass sets `adapter`, and `connection` where there is no config.example.yaml in its folder."""

    adapter: ClassVar[Adapter[Any]]
    connection: ClassVar[dict[str, Any] | None] = None
    """The keys of one connection, without `adapter`."""

    @property
    def folder(self) -> Path:
        """Where the settings of the adapter stand."""
        return Path(inspect.getfile(self.adapter.settings)).parent

    def example(self) -> Any:
        """The settings of one connection."""
        return self.adapter.settings.model_validate(self._keys())

    def _keys(self) -> dict[str, Any]:
        return _example_in(self.folder, self.adapter.name) if self.connection is None else self.connection

    def test_no_fact_of_the_lms_is_missing(self) -> None:
        """A scaffold is no adapter."""
        missing = [
            f"{path.name}:{number}: {line.partition(MISSING)[2].strip()}"
            for path in sorted(self.folder.iterdir())
            if path.suffix in {".py", ".md", ".yaml"}
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
            if MISSING in line
        ]
        assert not missing, f"write what is true of {self.adapter.title}: " + "; ".join(missing)

    def test_its_name_can_stand_in_a_configuration_and_a_command(self) -> None:
        """It is the word after `adapter:` and after `sync`."""
        named = re.fullmatch(r"[a-z][a-z0-9-]*", self.adapter.name)
        assert named, f"name={self.adapter.name!r}: write small letters, digits and hyphens"
        assert self.adapter.title.strip(), "title: write what people call the LMS"

    def test_it_takes_launches_or_reads_a_roster(self) -> None:
        """An adapter that does neither is for nothing."""
        filled = [slot for slot in (*LAUNCHES, "read_roster") if getattr(self.adapter, slot) is not None]
        assert filled, "write launch.py (read_claims, read_form, …), or roster.py (read_roster), or both"

    def test_every_slot_takes_what_the_bridge_passes(self) -> None:
        """A wrong signature shows when the first learner comes."""
        for slot, arguments in ARGUMENTS.items():
            function = getattr(self.adapter, slot)
            if function is not None:
                assert _takes(function, arguments), f"{slot}: write a function of {arguments} arguments"

    def test_no_slot_stands_alone_that_needs_another(self) -> None:
        """The bridge would never call it."""
        for slot, needed in NEEDS.items():
            if getattr(self.adapter, slot) is not None:
                there = any(getattr(self.adapter, other) is not None for other in needed)
                assert there, f"{slot} is never asked without {' or '.join(needed)}: write that, or None"

    def test_a_misspelt_key_is_a_mistake(self) -> None:
        """A limit that is misspelt must not mean "no limit"."""
        for model in _models(self.adapter.settings):
            kept = issubclass(model, Frozen) and model.model_config.get("extra") == "forbid"
            assert kept, f"{model.__name__}: write class {model.__name__}(Frozen) of bridge.config.settings"

    def test_a_secret_is_not_printed(self) -> None:
        """What is no SecretStr stands in the first log that names the settings."""
        for model in _models(self.adapter.settings):
            for name, field in model.model_fields.items():
                plain = SECRET.search(name) and str in _types(field.annotation)
                hidden = not plain or SecretStr in _types(field.annotation)
                assert hidden, f"{model.__name__}.{name}: write SecretStr as its type"

    def test_the_settings_say_what_the_bridge_asks_of_them(self) -> None:
        """The student ID is one named field; a roster has its `roster:`, LTI its keys, a file its `file`."""
        wanted = {"student_id"}
        wanted |= {"lti13"} if self.adapter.read_claims else set()
        wanted |= {"lti11"} if self.adapter.read_form else set()
        wanted |= {"roster"} if self.adapter.read_roster else set()
        wanted |= {"file"} if self.adapter.fingerprint else set()
        lacking = wanted - set(self.adapter.settings.model_fields)
        assert not lacking, f"settings.py: write the fields {', '.join(sorted(lacking))}"

    def test_a_launch_that_names_nobody_is_refused_and_never_crashes(self) -> None:
        """Nobody is not a student whose ID is empty."""
        settings = self.example()
        if self.adapter.read_claims is not None:
            read_claims = self.adapter.read_claims
            _must_refuse("read_claims", lambda: read_claims(SignedClaims(NOBODY), settings))
        if self.adapter.read_form is not None:
            read_form = self.adapter.read_form
            _must_refuse("read_form", lambda: read_form(SignedForm({}), settings))
        if self.adapter.read_page is not None:
            read_page = self.adapter.read_page
            _must_refuse("read_page", lambda: read_page(LaunchRequest("POST", "https://bridge.test/"), settings))

    def test_an_lms_that_is_down_is_not_taken_for_empty(self) -> None:
        """Everybody would be gone."""
        if self.adapter.read_roster is None:
            return
        try:
            pages = list(self.adapter.read_roster(self.example(), UnreachableLms().context))
        except (OttoBridgeError, ConfigError):
            return
        ended = any(isinstance(page, RosterEnd) for page in pages)
        assert not ended, "read_roster: a RosterEnd without an answer of the LMS; let RemoteUnavailable pass"
        raise AssertionError("read_roster: it just stops when the LMS is down; let RemoteUnavailable pass")

    def test_a_learner_does_not_wait_for_an_lms_that_is_down(self) -> None:
        """`look_up` is asked while somebody waits for the page."""
        lms = UnreachableLms(sleeps=False)
        settings = self.example()
        if self.adapter.look_up is None or self.adapter.look_up_lacks(settings):
            return
        try:
            found = self.adapter.look_up(settings, lms.context, "1001")
        except (OttoBridgeError, ConfigError):
            return
        raise AssertionError(f"look_up: {len(found)} people of an LMS that is down; let RemoteUnavailable pass")

    def test_the_guide_for_the_lms_says_what_to_paste_and_no_secret(self) -> None:
        """The page /setup/CONNECTION is public."""
        if self.adapter.installation is None:
            return
        settings = self.example()
        guide = self.adapter.installation(settings, Addresses("https://bridge.test", "acme-campus"))
        assert isinstance(guide, SetupGuide), "installation: return a SetupGuide"
        text = to_text(guide)
        wanted = "https://bridge.test" if self.adapter.read_claims or self.adapter.read_form else "acme-campus"
        assert wanted in text, "installation: write our addresses, or which keys of the connection it fills"
        for secret in _secrets(settings):
            assert not secret or secret not in text, "installation: take the connection's secret out of the guide"

    def test_its_readme_says_what_the_settings_take(self) -> None:
        """Who installs it has nothing else."""
        path = self.folder / "README.md"
        assert path.is_file(), f"write {path.name}: the clicks in the LMS, which ids there are, what is tested"
        text = path.read_text("utf-8")
        choices = _choices(self.adapter.settings)
        lacking = [choice for choice in choices if choice not in text]
        assert not lacking, f"README.md: say what student_id: {', '.join(lacking)} is in the LMS"
        assert re.search(r"^#+ .*([Tt]ested|[Ss]een)", text, re.MULTILINE) or "ested with" in text, (
            "README.md: write a section Tested: what was tried on which version, and what was not"
        )


def _example_in(folder: Path, name: str) -> dict[str, Any]:
    """The first connection in the folder's config.example.yaml."""
    path = folder / "config.example.yaml"
    assert path.is_file(), f"write {path.name} in the folder of {name}: `connections:` with one connection of it"
    connections = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)["connections"]  # noqa: S506 -- all stays text
    first: dict[str, Any] = next(iter(connections.values()))
    return {key: value for key, value in first.items() if key != "adapter"}


def _takes(function: Callable[..., object], arguments: int) -> bool:
    try:
        inspect.signature(function).bind(*range(arguments))
    except TypeError:
        return False
    return True


def _types(annotation: Any) -> Iterator[Any]:
    """The types that an annotation names, at any depth."""
    yield annotation
    for inner in get_args(annotation):
        yield from _types(inner)


def _models(settings: type[BaseModel]) -> list[type[BaseModel]]:
    """The settings, and every model within them."""
    found: list[type[BaseModel]] = []
    waiting = [settings]
    while waiting:
        model = waiting.pop()
        if model in found:
            continue
        found.append(model)
        for field in model.model_fields.values():
            types = _types(field.annotation)
            waiting.extend(type_ for type_ in types if inspect.isclass(type_) and issubclass(type_, BaseModel))
    return found


def _choices(settings: type[BaseModel]) -> list[str]:
    """The fixed words that `student_id` may be."""
    field = settings.model_fields.get("student_id")
    types = _types(field.annotation) if field is not None else iter(())
    return [str(word) for type_ in types if get_origin(type_) is Literal for word in get_args(type_)]


def _secrets(value: Any) -> Iterator[str]:
    """Every secret in the settings."""
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name))


def _must_refuse(slot: str, read: Callable[[], object]) -> None:
    try:
        found = read()
    except LaunchRejected:
        return
    raise AssertionError(f"{slot}: {found!r} of a launch that names nobody; raise LaunchRejected")


assert {field.name for field in dataclasses.fields(Adapter)} >= set(ARGUMENTS)
