"""A wrong configuration is told whole, with its lines, before anything starts; a right one means what it says."""

from __future__ import annotations

import gc
import re
import textwrap
from contextlib import suppress
from pathlib import Path

import pytest
import yaml

from adapters import ADAPTERS
from bridge.config.configuration import Configuration, load
from bridge.config.yaml_file import LOADER
from bridge.contracts import Assurance
from bridge.errors import ConfigError
from bridge.roster.settings import LookUpPolicy
from tests.conftest import ROOT

GOOD = """\
bridge:
  public_url: https://bridge.example.edu
  secret_key: 0123456789abcdef0123456789abcdef
ottolearn:
  organization_id: 1
  username: api
  password: hunter2-hunter2
  learner_url: https://learn.example.com/acme
  sign_in: {method: signed_link, url: "https://learn.example.com/in", secret: 0123456789abcdef0123456789abcdef}
connections:
  campus:
    adapter: moodle
    student_id: idnumber
    lti11: {consumer_key: 00123, shared_secret: s3cret-s3cret}
"""


def read(tmp_path: Path, text: str, **environ: str) -> Configuration:
    path = tmp_path / "config.yaml"
    path.write_text(textwrap.dedent(text), "utf-8")
    return load(path, ADAPTERS, environ)


def problems(tmp_path: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text, **environ)
    return [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_the_example_loads_as_it_stands() -> None:
    unset: list[str] = []
    found = load(ROOT / "config.example.yaml", ADAPTERS, {}, unset=unset)
    assert {connection.adapter.name for connection in found.connections.values()} >= {
        "canvas",
        "moodle",
        "lti",
        "scorm",
    }
    assert load(ROOT / "config.example.yaml", ADAPTERS, dict.fromkeys(unset, "0123456789abcdef0123456789abcdef"))


def test_the_example_does_not_serve_without_its_secrets() -> None:
    with pytest.raises(ConfigError, match="OTTOBRIDGE_SECRET_KEY is not set"):
        load(ROOT / "config.example.yaml", ADAPTERS, {})


def test_a_value_stays_as_it_was_typed(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).connections["campus"].settings.lti11.consumer_key == "00123"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            "idnumber",
            "id_number",
            "config.yaml:13: connections.campus.student_id: found 'id_number'; allowed: 'idnumber'",
        ),
        (
            "adapter: moodle",
            "adapter: modle",
            "config.yaml:12: connections.campus.adapter: found 'modle'; unknown adapter",
        ),
        (
            "    adapter: moodle\n",
            "",
            "config.yaml:11: connections.campus: the key `adapter` is missing; allowed: canvas",
        ),
        (
            "student_id:",
            "studentid:",
            "config.yaml:13: connections.campus.studentid: unknown key; did",
        ),
        ("organization_id: 1", "organization_id: one", "config.yaml:5: ottolearn.organization_id: found 'one'; input"),
        ("organization_id: 1", "organization_id: 0", "config.yaml:5: ottolearn.organization_id: found '0'; input"),
        ("  username: api\n", "", "config.yaml:4: ottolearn: the key `username` is missing"),
        (
            "bridge:\n",
            "bridge:\n  colour: red\n",
            "config.yaml:2: bridge.colour: unknown key (allowed: brand, ca_bundle, data",
        ),
        (
            "https://bridge.example.edu",
            "bridge.example.edu",
            "config.yaml:2: bridge.public_url: found 'bridge.example.edu'",
        ),
        (
            "https://bridge.example.edu",
            "https://b.example/x",
            "config.yaml:2: bridge.public_url: found 'https://b.exam",
        ),
        ("https://learn.example.com/acme", "http://learn.example.com", "config.yaml:8: ottolearn.learner_url: found"),
        ("  campus:", "  Campus One:", "config.yaml:11: connections.Campus One: allowed as a name"),
        ("method: signed_link", "method: magic", "config.yaml:9: ottolearn.sign_in.method: found 'magic'; allowed: "),
        ("connections:", "connectoins:", "config.yaml:10: connectoins: unknown key; did you mean `connections`?"),
        (
            "connections:",
            "connections: campus\ncourses:",
            "config.yaml:10: connections: found a single value; allowed: keys",
        ),
        ("  organization_id: 1\n", "  organization_id: 1\n  organization_id: 2\n", "config.yaml:6: ottolearn.organiza"),
        (
            "adapter: moodle",
            "adapter: json:loads",
            "config.yaml:12: connections.campus.adapter: found 'json:loads'; unk",
        ),
        ("adapter: moodle", "adapter: [moodle]", "config.yaml:12: connections.campus.adapter: unknown adapter"),
    ],
)
def test_a_mistake_is_named_with_file_line_what_was_found_and_what_is_allowed(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in GOOD
    assert any(problem.startswith(told) for problem in problems(tmp_path, GOOD.replace(old, new, 1)))


LOCAL = GOOD.replace("ottolearn:\n", "  trusted_networks: [127.0.0.0/8]\nottolearn:\n", 1)


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "127.8.8.8"])
def test_plain_http_is_taken_inside_a_trusted_network(tmp_path: Path, host: str) -> None:
    read(tmp_path, LOCAL.replace("https://learn.example.com/acme", f"http://{host}/acme"))


@pytest.mark.parametrize("host", ["93.184.216.34", "10.0.0.1", "[2606:2800:220:1::1]", ""])
def test_one_trusted_network_opens_plain_http_to_no_other(tmp_path: Path, host: str) -> None:
    (told,) = problems(tmp_path, LOCAL.replace("https://learn.example.com/in", f"http://{host}/in"))
    assert "allowed: " in told


def test_a_name_is_judged_by_its_addresses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = {"lms.internal": ["127.0.0.2"], "lms.example.com": ["127.0.0.2", "93.184.216.34"]}

    def resolve(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        if host not in places:
            raise OSError
        return [(0, 0, 0, "", (address, 0)) for address in places[host]]

    monkeypatch.setattr("socket.getaddrinfo", resolve)
    for host, good in (("lms.internal", True), ("lms.elsewhere", True), ("lms.example.com", False)):
        text = LOCAL.replace("https://learn.example.com/acme", f"http://{host}/acme")
        assert bool(read(tmp_path, text)) if good else problems(tmp_path, text)


@pytest.mark.parametrize("issuer", ["urn:anything", "lms.example.edu", "", "http://lms.example.edu"])
def test_an_issuer_that_is_no_https_address_is_told(tmp_path: Path, issuer: str) -> None:
    lti13 = f'{{issuer: "{issuer}", client_id: c, deployment_ids: ["1"], auth_url: "https://a", jwks_url: "https://j"}}'
    text = GOOD.replace("    lti11:", f"    lti13: {lti13}\n    lti11:")
    assert [problem for problem in problems(tmp_path, text) if "lti13.issuer" in problem]


def test_every_mistake_is_told_at_once_and_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = GOOD.replace("idnumber", "id").replace("organization_id: 1", "organization_id: x").replace("https://b", "b")
    assert [problem.split(":")[1] for problem in problems(tmp_path, text)] == ["2", "5", "13"]


@pytest.mark.parametrize("key", ["secret_key", "password", "secret", "shared_secret"])
def test_a_wrong_secret_is_not_shown(tmp_path: Path, key: str) -> None:
    text = re.sub(rf"({key}: )[^\s,}}]+", r"\1[visible-secret]", GOOD, count=1)
    assert "visible" not in "\n".join(problems(tmp_path, text))
    short = re.sub(r"(secret_key: )\S+", r"\1visible-secret", GOOD)
    assert "visible" not in "\n".join(problems(tmp_path, short))


def test_no_secret_is_in_a_repr(tmp_path: Path) -> None:
    shown = repr(read(tmp_path, GOOD))
    assert not any(secret in shown for secret in ("hunter2", "s3cret", "0123456789abcdef"))


def test_the_environment_and_files_fill_in_values(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from-a-file\n", "utf-8")
    text = GOOD.replace("hunter2-hunter2", "${PASSWORD}").replace("s3cret-s3cret", f"'${{file:{tmp_path}/secret}}'")
    found = read(tmp_path, text, PASSWORD="a: b # c")
    assert found.ottolearn.password.get_secret_value() == "a: b # c"
    assert found.connections["campus"].settings.lti11.shared_secret.get_secret_value() == "from-a-file"


def test_what_is_not_there_to_fill_in_is_named(tmp_path: Path) -> None:
    text = GOOD.replace("hunter2-hunter2", "${PASSWORD}").replace("s3cret-s3cret", "'${file:/nowhere/secret}'")
    told = "\n".join(problems(tmp_path, text))
    assert "config.yaml:7: ottolearn.password: the environment variable PASSWORD is not set" in told
    assert "the file /nowhere/secret cannot be read" in told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "found no keys"),
        ("- a\n", "found no keys"),
        ("bridge: [\n", "this is not YAML"),
        ("bridge: &a {x: *a}\n", "YAML"),
        ("!!python/object:os.system {}\n", ""),
        ("bridge: 1\n", "bridge"),
    ],
)
def test_what_is_no_configuration_at_all_is_told_in_words(tmp_path: Path, text: str, told: str) -> None:
    assert told in "\n".join(problems(tmp_path, text))


def test_a_file_that_is_not_there_says_where_to_begin(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="`ottobridge config example`"):
        load(tmp_path / "config.yaml", ADAPTERS, {})


def test_a_file_in_another_encoding_is_told_in_words(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(GOOD.encode() + "# geändert\n".encode("cp1252"))
    with pytest.raises(ConfigError, match=rf":{GOOD.count(chr(10)) + 1}: the file is not UTF-8"):
        load(path, ADAPTERS, {})


@pytest.mark.parametrize("odd", ["[1]", "{a: 1}", '"https://[::1"', "http://[", '"\\ud800"', "!!binary aGk="])
def test_an_odd_value_in_any_place_is_a_mistake_with_its_line(tmp_path: Path, odd: str) -> None:
    lines = (ROOT / "config.example.yaml").read_text("utf-8").splitlines()
    path = tmp_path / "config.yaml"
    for number, line in enumerate(lines):
        key = re.match(r" *(?:[a-z_]+):(?= )", line)
        if key:
            path.write_text("\n".join([*lines[:number], f"{key[0]} {odd}", *lines[number + 1 :]]), "utf-8")
            with suppress(ConfigError):  # some places take any text
                load(path, ADAPTERS, {}, unset=[])


@pytest.mark.parametrize("connections", ["", "connections: {}\n"])
def test_a_bridge_whose_lmss_all_register_themselves_needs_no_connection(tmp_path: Path, connections: str) -> None:
    assert read(tmp_path, GOOD.partition("connections:")[0] + connections).connections == {}


def test_an_adapter_of_ones_own_is_found_by_its_path(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD.replace("adapter: moodle", "adapter: adapters.moodle:ADAPTER"))
    assert found.connections["campus"].adapter.name == "moodle"


OIDC = (
    "sign_in: {method: oidc, client_id: o, client_secret: 0123456789abcdef0123456789abcdef, "
    "redirect_uris: ['https://learn.example.com/cb']}"
)
SIGNED = next(line.strip() for line in GOOD.splitlines() if "sign_in" in line)


def test_sign_in_by_openid_connect_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD.replace(SIGNED, OIDC)).ottolearn.sign_in
    assert (found.method, found.username_claim, found.redirect_uris) == (
        "oidc",
        "preferred_username",
        ("https://learn.example.com/cb",),
    )
    assert "0123" not in repr(found)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("client_secret: 0123456789abcdef0123456789abcdef", "client_secret: short", "at least 32 bytes"),
        ("redirect_uris: ['https://learn.example.com/cb']", "redirect_uris: []", "redirect_uris"),
        ("redirect_uris: ['https://learn.example.com/cb']", "redirect_uris: ['javascript:x']", "https://"),
        ("redirect_uris: ['https://learn.example.com/cb']", "redirect_uris: ['https://x.example/#f']", "fragment"),
        ("client_id: o", "client_id: é", "client_id"),
        ("client_id: o", "client_id: o, username_claim: aud", "says who the learner is"),
        ("client_id: o", "client_id: o, url: 'https://x.example'", "unknown key"),
    ],
)
def test_a_mistake_in_openid_connect_is_told(tmp_path: Path, old: str, new: str, told: str) -> None:
    assert told in "\n".join(problems(tmp_path, GOOD.replace(SIGNED, OIDC.replace(old, new))))


def test_a_course_that_a_sign_in_by_openid_connect_would_lose_is_told(tmp_path: Path) -> None:
    courses = "courses:\n  - {key: A, title: A, url: 'https://learn.example.com/a'}\n  - {key: B, title: B}\n"
    (told,) = problems(tmp_path, GOOD.replace(SIGNED, OIDC) + courses)
    assert told.startswith("config.yaml:17: courses.1: with sign_in by oidc")
    assert "the key `url` is missing" in told
    assert read(tmp_path, GOOD + courses).courses[1].url is None


def test_nobody_is_made_unless_the_connection_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).connections["campus"].provisioning is None
    made = GOOD + "    on_no_match: create\n    new_learner: {department: LMS}\n"
    assert read(tmp_path, made).connections["campus"].provisioning == {"department": "LMS"}
    assert read(tmp_path, GOOD + "    new_learner: {department: LMS}\n").connections["campus"].provisioning is None
    assert "on_no_match" in "\n".join(problems(tmp_path, GOOD + "    on_no_match: guess\n"))


API = '    api: {url: "https://m.example.edu", token: t-t-t-t-t-t-t-t-t-t}\n'
LOOK_UP = "    on_no_match: look_up\n"


def test_nobody_is_looked_up_unless_the_connection_says_so(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD + API).connections["campus"].look_up is None
    found = read(tmp_path, GOOD + API + LOOK_UP + "    look_up: {per_minute: 7, assurances: [signed]}\n")
    policy = found.connections["campus"].look_up
    assert policy == LookUpPolicy(7, frozenset({Assurance.SIGNED}))
    assert read(tmp_path, GOOD + API + LOOK_UP).connections["campus"].look_up == LookUpPolicy()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (LOOK_UP, "`look_up` needs the key `api`"),
        (LOOK_UP + API + "    look_up: {per_minute: 0}\n", "per_minute"),
        (LOOK_UP + API + "    look_up: {assurances: []}\n", "assurances"),
        (API + "  p: {adapter: scorm, on_no_match: look_up}\n", "needs a connection whose LMS can be asked"),
        ("  p: {adapter: scorm, on_no_match: look_up, roster_connection: campus}\n", "needs the key `api` in campus"),
        (
            "  p: {adapter: spreadsheet, file: x.csv, on_no_match: look_up}\n",
            "needs a connection whose LMS can be asked",
        ),
    ],
)
def test_a_look_up_that_could_never_be_is_told(tmp_path: Path, more: str, told: str) -> None:
    (problem,) = problems(tmp_path, GOOD + more)
    assert told in problem


def test_how_the_directory_is_kept_is_read(tmp_path: Path) -> None:
    text = GOOD.replace("  learner_url:", "  directory: {refresh_every: 600, max_shrink_percent: 5}\n  learner_url:")
    found = read(tmp_path, text).ottolearn.directory
    assert (found.refresh_every, found.max_shrink_percent) == (600, 5)
    assert "refresh_every" in "\n".join(problems(tmp_path, text.replace("600", "1")))


def test_connections_without_any_are_told(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, GOOD.partition("connections:")[0] + "connections:\n")
    assert told.startswith("config.yaml:10: connections: nothing stands below it")


@pytest.mark.parametrize(
    "url", ["postgres://u:hidden-word@h/d", "mysql://u:hidden-word@h/d", "hidden-word", "postgresql+asyncpg://h/d"]
)
def test_a_database_that_cannot_be_used_is_told_with_its_line(tmp_path: Path, url: str) -> None:
    (told,) = problems(tmp_path, GOOD.replace("ottolearn:\n", f"  database_url: {url}\nottolearn:\n", 1))
    assert told.startswith("config.yaml:4: bridge.database_url: allowed: sqlite:///FILE or postgresql+psycopg://")
    assert "hidden-word" not in told
    assert ("how other programs write it" in told) is url.startswith("postgres:")


@pytest.mark.parametrize(
    "value", ["$PASSWORD", "${PASSWORD", "${PASSWORD:-none}", "$hidden-word".replace("-", "_"), "${}", "$1hidden"]
)
def test_a_variable_without_its_braces_is_not_taken_for_a_password(tmp_path: Path, value: str) -> None:
    (told,) = problems(tmp_path, GOOD.replace("hunter2-hunter2", f"'{value}'"), PASSWORD="x")
    assert told.startswith("config.yaml:7: ottolearn.password: ")
    assert "${" in told
    assert "hidden" not in told


def test_a_variable_without_its_braces_within_an_address_is_told_once(tmp_path: Path) -> None:
    url = "postgresql+psycopg://bridge:$DATABASE_PASSWORD@db/bridge"
    (told,) = problems(tmp_path, GOOD.replace("ottolearn:\n", f"  database_url: {url}\nottolearn:\n", 1))
    assert told.startswith("config.yaml:4: bridge.database_url: the environment is read by ${NAME}")


@pytest.mark.parametrize("value", ["pa$$word", "a$b", "costs 5$", "$"])
def test_a_dollar_elsewhere_is_a_letter_of_the_value(tmp_path: Path, value: str) -> None:
    found = read(tmp_path, GOOD.replace("hunter2-hunter2", f"'{value}'"))
    assert found.ottolearn.password.get_secret_value() == value


@pytest.mark.parametrize("key", ["public_url", "database_url", "trusted_networks"])
def test_a_variable_that_is_not_set_is_one_mistake_and_not_two(tmp_path: Path, key: str) -> None:
    lines = [line for line in GOOD.splitlines() if f"  {key}:" not in line]
    lines.insert(1, f"  {key}: ${{PLACE}}")
    told = problems(tmp_path, "\n".join(lines))
    assert told == [f"config.yaml:2: bridge.{key}: the environment variable PLACE is not set"]


def test_a_command_that_uses_no_secret_runs_where_the_database_is_not_named(tmp_path: Path) -> None:
    path, unset = tmp_path / "config.yaml", list[str]()
    path.write_text(GOOD.replace("ottolearn:\n", "  database_url: ${DATABASE_URL}\nottolearn:\n", 1), "utf-8")
    assert load(path, ADAPTERS, {}, unset=unset).connections
    assert unset == ["DATABASE_URL"]
    path.write_text(GOOD.replace("https://bridge.example.edu", "${PLACE}"), "utf-8")
    with pytest.raises(ConfigError, match="PLACE is not set"):  # without it there is nothing to describe
        load(path, ADAPTERS, {}, unset=[])


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  password: hunter2-hunter2", "  password: hunter2-hunter2\n  passwrod: hidden-word"),
        ("  password: hunter2-hunter2", "  password: hunter2-hunter2\n  mistyped: [hidden-word]"),
        ("  password: hunter2-hunter2", "  password: hunter2-hunter2\n  mistyped: {in: hidden-word}"),
        ("  password: hunter2-hunter2", "  password: *hidden-word"),
        ("  password: hunter2-hunter2", "  password: !hidden-word x"),
        ("  password: hunter2-hunter2", "  password: hunter2-hunter2\n  password: hidden-word"),
        ("lti11: {consumer_key: 00123", "lti11: {consumer_key: '', sharedsecret: hidden-word, x: "),
        ("https://learn.example.com/acme", "https://user:hidden-word@learn.example.com/acme"),
        ("https://learn.example.com/acme", "http://user:hidden-word@learn.example.com/acme"),
        ("learner_url:", "learner_urll: hidden-word\n  learner_url:"),
    ],
)
def test_what_may_be_a_secret_is_in_no_message(tmp_path: Path, old: str, new: str) -> None:
    assert old in GOOD
    assert "hidden-word" not in "\n".join(problems(tmp_path, GOOD.replace(old, new, 1)))


def test_the_address_at_which_a_token_is_asked_for_is_shown(tmp_path: Path) -> None:
    lti13 = "{issuer: 'https://i.example', client_id: c, deployment_ids: ['1'], auth_url: 'https://a.example', "
    lti13 += "jwks_url: 'https://j.example', token_url: nowhere}"
    told = problems(tmp_path, GOOD.replace("    lti11:", f"    lti13: {lti13}\n    lti11:"))
    assert any("token_url: found 'nowhere'" in problem for problem in told)


ELSEWHERE = """\
  packages:
    adapter: scorm
    roster_connection: {name}
  sheet: {{adapter: spreadsheet, file: people.csv, student_id: {column}}}
"""


@pytest.mark.parametrize("name", ["packages", "campus-x"])
def test_people_who_are_said_to_be_on_no_roster_are_a_mistake(tmp_path: Path, name: str) -> None:
    (told,) = problems(tmp_path, GOOD + ELSEWHERE.format(name=name, column="number"))
    assert told.startswith("config.yaml:17: connections.packages.roster_connection")
    assert told.endswith("allowed: another connection of this file that has a roster: campus, sheet")


def test_a_roster_with_mistakes_of_its_own_is_not_called_absent(tmp_path: Path) -> None:
    found = read(tmp_path, GOOD + ELSEWHERE.format(name="sheet", column="number"))
    assert found.connections["packages"].roster_connection == "sheet"
    (told,) = problems(tmp_path, GOOD + ELSEWHERE.format(name="sheet", column="''"))
    assert "connections.sheet.student_id" in told


@pytest.mark.parametrize(
    ("student_id", "accepts", "roster", "held"),
    [
        ("custom.number", "", "{}", False),
        ("custom.number", "accepts: [signed, claimed], ", "{}", True),
        ("email", "", "{}", True),
        ("custom.number", "", "", True),
    ],
)
def test_a_roster_of_what_course_authors_write_is_a_mistake(
    tmp_path: Path, student_id: str, accepts: str, roster: str, held: bool
) -> None:
    part = f", roster: {roster}" if roster else ""
    text = GOOD + f"  authored: {{adapter: lti, {accepts}student_id: {student_id}{part}}}\n"
    if held:
        assert "authored" in read(tmp_path, text).connections
    else:
        (told,) = problems(tmp_path, text)
        assert "connections.authored.student_id" in told
        assert "whoever edits a course can write it" in told


def test_a_secret_that_stands_one_level_too_high_is_not_told(tmp_path: Path) -> None:
    for wrong in ("lti11: SUPERSECRETVALUE", "lti13: SUPERSECRETVALUE"):
        text = re.sub(r"lti11: .*", wrong, GOOD)
        assert "SUPERSECRETVALUE" not in str(problems(tmp_path, text))
    assert "SUPERSECRETVALUE" not in str(problems(tmp_path, f"{GOOD}  pk: SUPERSECRETVALUE\n"))
    flat = GOOD.replace("bridge:", "bridge: SUPERSECRETVALUE\nother:", 1)
    assert "SUPERSECRETVALUE" not in str(problems(tmp_path, flat))


def test_brackets_without_end_are_one_sentence(tmp_path: Path) -> None:
    (told,) = problems(tmp_path, "a: " + "[" * 20_000)
    assert "this is not YAML" in told


def test_very_many_connections_are_read_by_the_fast_scanner_and_share_what_they_do_not_say(tmp_path: Path) -> None:
    assert not yaml.__with_libyaml__ or LOADER is yaml.CSafeLoader
    more = "".join(f"  c{at}: {{adapter: moodle, lti11: {{consumer_key: k, shared_secret: s}}}}\n" for at in range(2))
    found = read(tmp_path, GOOD + more).connections
    assert found["c0"].settings.roster is found["c1"].settings.roster


@pytest.mark.parametrize("text", [GOOD, "bridge: 1\n"])
def test_what_is_read_is_not_searched_for_garbage_and_everything_after_it_is(
    tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    was_on = []

    def last_check(_: object) -> list[str]:
        was_on.append(gc.isenabled())
        return []

    monkeypatch.setattr("bridge.config.configuration.plain_http", last_check)
    with suppress(ConfigError):
        read(tmp_path, text)
    assert was_on == [False]
    assert gc.isenabled()
