"""Linking fills what is empty in people who exist, and in any doubt does nothing but say so, with the row."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from bridge.contracts import PLACE, Adapter, Connection
from bridge.errors import ConfigError
from bridge.net.http import Outbound
from bridge.roster.settings import Link, Roster
from bridge.sync.run import Options, Sync
from bridge.sync.value_index import UsersByValue

EMAIL = Link(attribute="emailAddress", field="email")


class Linking:
    """A world whose one connection only links."""

    def __init__(self, world, make_member) -> None:
        self.world = world
        self.roster = Roster(attributes={"employeeId": "student_id"})
        self.link = EMAIL
        self.fingerprint = None
        self._member = make_member

    def user(self, user_id, email, active=True, **attributes):
        names = {"firstName": "Ada", "lastName": "Lovelace", "username": f"u{user_id}"}
        self.world.ottolearn.add(user_id, active=active, emailAddress=email, **{**names, **attributes})

    def rows(self, *rows):
        self.world.lms.members = [
            self._member(student_id, email=email, **{PLACE: f"People!B{number}"})
            for number, (email, student_id) in enumerate(rows, start=2)
        ]

    def sync(self):
        read = {"read_roster": self.world.lms.read, "fingerprint": self.fingerprint}
        adapter = Adapter(name="t", title="T", settings=SimpleNamespace, **read)
        settings = SimpleNamespace(student_id="login", roster=self.roster, link=self.link)
        context = self.world.context()
        return Sync(Connection("sheet", adapter, settings), ("username", "employeeId"), "api", Outbound(), context)

    def run(self, **options):
        return self.sync().run(Options(**options))

    def said(self, outcome):
        return [(i.content.where, i.kind, i.reason) for i in self.world.items(outcome.run) if i.kind != "link"]


@pytest.fixture
def linking(world, make_member):
    return Linking(world, make_member)


def test_a_row_fills_the_empty_username_attribute_and_nothing_else(either_world, make_member) -> None:
    linking = Linking(either_world, make_member)
    linking.user(7, "Zoë@Example.edu", firstName="Zo")
    linking.user(8, "li@example.edu")
    linking.rows(("zoë@example.edu ", "00123"), ("li@example.edu", "00124"))
    outcome = linking.run()
    assert (outcome.status, outcome.updated, outcome.created, outcome.conflicts) == ("done", 2, 0, 0)
    names = {"firstName": "Zo", "lastName": "Lovelace", "username": "u7", "emailAddress": "Zoë@Example.edu"}
    assert either_world.ottolearn.users[7].attributes == {**names, "employeeId": "00123"}
    assert either_world.learners.find("00123").learner.user_id == 7
    again = linking.run()
    assert (again.updated, again.unchanged, either_world.ottolearn.writes) == (0, 2, [("update", 7), ("update", 8)])


def test_nobody_is_created_for_a_row_that_matches_nobody(linking) -> None:
    linking.user(7, "zoe@example.edu")
    linking.rows(("nobody@example.edu", "1"), ("", "2"))
    outcome = linking.run()
    assert linking.said(outcome) == [("People!B2", "skipped", "no_match"), ("People!B3", "skipped", "no_match")]
    assert (linking.world.ottolearn.writes, outcome.skipped) == ([], 2)


def test_of_two_people_with_one_email_neither_is_guessed(linking) -> None:
    linking.user(7, "zoe@example.edu")
    linking.user(8, "ZOE@example.edu")
    linking.rows(("zoe@example.edu", "1"))
    outcome = linking.run()
    assert linking.said(outcome) == [("People!B2", "conflict", "ambiguous")]
    [item] = linking.world.items(outcome.run)
    assert item.content.note == "the OttoLearn users 7, 8 all have this email as emailAddress"
    assert linking.world.ottolearn.writes == []


def test_an_id_that_is_there_already_is_never_overwritten(linking) -> None:
    linking.user(7, "zoe@example.edu", employeeId="by hand")
    linking.rows(("zoe@example.edu", "1"))
    outcome = linking.run(override=True)
    assert linking.said(outcome) == [("People!B2", "conflict", "other_value")]
    assert linking.world.ottolearn.users[7].attributes["employeeId"] == "by hand"


@pytest.mark.parametrize("held", [{"employeeId": "s1"}, {"username": "s1"}])
def test_an_id_that_somebody_else_holds_is_not_given_to_a_second_person(linking, held) -> None:
    linking.user(7, "zoe@example.edu")
    linking.user(8, "li@example.edu", active=False, **held)
    linking.rows(("zoe@example.edu", "s1"))
    outcome = linking.run()
    assert linking.said(outcome) == [("People!B2", "conflict", "taken")]
    assert linking.world.ottolearn.writes == []


def test_two_rows_for_one_person_and_one_id_for_two_people_are_left_to_a_human(linking) -> None:
    for user_id in (7, 8, 9):
        linking.user(user_id, f"p{user_id}@example.edu")
    linking.rows(
        *[("p7@example.edu", "1"), ("P7@example.edu", "2")], *[("p8@example.edu", "3"), ("p9@example.edu", "3")]
    )
    outcome = linking.run()
    assert [(where, reason) for where, _, reason in linking.said(outcome)] == [
        *[("People!B2", "duplicate"), ("People!B3", "duplicate")],
        *[("People!B4", "claimed_twice"), ("People!B5", "claimed_twice")],
    ]
    assert linking.world.ottolearn.writes == []


def test_inactive_and_protected_people_are_not_written_to(linking) -> None:
    linking.user(7, "gone@example.edu", active=False)
    linking.user(8, "admin@example.edu", username="api")
    linking.rows(("gone@example.edu", "1"), ("admin@example.edu", "2"))
    outcome = linking.run()
    assert [reason for _, _, reason in linking.said(outcome)] == ["inactive_in_ottolearn", "protected_user"]
    assert not linking.world.ottolearn.users[7].active
    assert linking.world.ottolearn.writes == []


def test_an_id_that_can_never_match_is_not_written(either_world, make_member) -> None:
    linking = Linking(either_world, make_member)
    linking.user(7, "zoe@example.edu")
    linking.rows(("zoe@example.edu", "x" * 256), ("zoe@example.edu", " "), ("zoe@example.edu", "a\0b"))
    outcome = linking.run()
    assert [reason for _, _, reason in linking.said(outcome)] == ["bad_student_id", "no_student_id", "bad_student_id"]
    assert linking.world.ottolearn.writes == []


def test_a_link_does_not_keep_a_person_who_left_the_lms(linking) -> None:
    world = linking.world
    linking.user(7, "zoe@example.edu", username="s1")
    world.lms.members = [linking._member("s1", email="zoe@example.edu"), linking._member("s2")]
    world.run()
    linking.rows(("zoe@example.edu", "00123"))
    assert linking.run().updated == 1
    world.lms.members = [linking._member("s2")]
    assert (world.run().deactivated, world.ottolearn.users[7].active) == (1, False)


def test_a_list_that_shrinks_takes_nothing_back(linking) -> None:
    linking.user(7, "zoe@example.edu")
    linking.user(8, "li@example.edu")
    linking.rows(("zoe@example.edu", "1"), ("li@example.edu", "2"))
    linking.run()
    linking.rows(("zoe@example.edu", "1"))
    linking.roster = linking.roster.model_copy(update={"on_leave": "deactivate"})
    assert (linking.run().deactivated, linking.world.ottolearn.users[8].active) == (0, True)


def test_a_plan_to_link_is_shown_held_by_a_limit_and_applied_as_shown(linking) -> None:
    for user_id in range(1, 21):
        linking.user(user_id, f"p{user_id}@example.edu")
    linking.rows(*[(f"p{n}@example.edu", f"n{n}") for n in range(1, 21)])
    planned = linking.run(plan_file=linking.world.directory_path / "plan.jsonl")
    assert (planned.status, planned.updated, linking.world.ottolearn.writes) == ("planned", 20, [])
    linking.roster = linking.roster.model_validate(
        {**linking.roster.model_dump(), "limits": {"updates": {"number": 19}}}
    )
    held = linking.run()
    assert (held.status, held.held, linking.world.ottolearn.writes) == ("held_back", 20, [])
    linking.roster = Roster(attributes={"employeeId": "student_id"})
    assert linking.run().updated == 20


def test_a_plan_to_link_is_stale_once_somebody_else_has_the_id(linking) -> None:
    from bridge.store import sync_runs
    from bridge.sync.stale import PlanStale

    linking.user(7, "zoe@example.edu")
    linking.rows(("zoe@example.edu", "1"))
    planned = linking.run(plan_file=linking.world.directory_path / "plan.jsonl")
    linking.user(8, "li@example.edu", employeeId="1")
    with pytest.raises(PlanStale, match="OttoLearn has changed"):
        linking.sync().apply_plan(sync_runs.find(linking.world.engine, planned.run))
    assert linking.world.ottolearn.writes == []


def test_a_list_cut_short_links_nobody(linking) -> None:
    linking.user(7, "zoe@example.edu")
    linking.rows(("zoe@example.edu", "1"))
    linking.world.lms.ends = False
    outcome = linking.run()
    assert (outcome.reason, linking.world.ottolearn.writes) == ("roster_incomplete", [])


def test_people_are_looked_for_by_an_attribute_that_exists_and_written_to_by_another(linking) -> None:
    linking.link = Link(attribute="badge", field="badge")
    with pytest.raises(ConfigError, match="no attribute badge"):
        linking.run()
    linking.link = Link(attribute="employeeId", field="email")
    with pytest.raises(ConfigError, match="no other Username attribute is left"):
        linking.run()


def test_the_first_free_username_attribute_is_filled_where_the_mapping_names_none(linking) -> None:
    linking.roster = Roster(attributes={"username": "email"})
    linking.link = Link(attribute="username", field="email")
    linking.world.ottolearn.add(7, firstName="A", lastName="B", username="zoe@example.edu")
    linking.rows(("zoe@example.edu", "1"))
    assert linking.run().updated == 1
    assert linking.world.ottolearn.users[7].attributes["employeeId"] == "1"


def test_whoever_holds_a_value_is_found_among_many() -> None:
    users = UsersByValue((f"v{n % 5000}", n) for n in range(20_000))
    assert users.find("v17") == [17, 5017, 10017, 15017]
    assert users.find("nobody") == []


def test_one_id_in_two_spellings_of_unicode_is_no_other_id(linking) -> None:
    linking.user(7, "zoe@example.edu", employeeId="Zoe\u0308")
    linking.rows(("zoe@example.edu", "Zo\u00eb"))
    outcome = linking.run()
    assert (outcome.unchanged, outcome.conflicts) == (1, 0)


def test_two_values_with_one_digest_are_two_values(linking, monkeypatch) -> None:
    monkeypatch.setattr("bridge.sync.value_index._digest", lambda value: bytes(8))
    linking.user(7, "zoe@example.edu")
    linking.user(8, "li@example.edu")
    linking.rows(("li@example.edu", "1"))
    assert linking.run().updated == 1
    assert linking.world.ottolearn.users[8].attributes["employeeId"] == "1"


def test_a_user_id_is_never_taken_for_a_digest(monkeypatch) -> None:
    monkeypatch.setattr("bridge.sync.value_index._digest", lambda value: bytes(7) + b"\x05")
    assert UsersByValue([("a", 5)]).find("a") == [5]


def test_a_file_that_is_changed_while_it_is_read_is_not_synced(linking) -> None:
    world, content = linking.world, ["as it was"]
    linking.user(7, "zoe@example.edu")
    linking.rows(("zoe@example.edu", "1"))
    world.lms.while_reading = lambda: content.__setitem__(0, "as it is now")
    linking.fingerprint = lambda settings: content[0]
    outcome = linking.run()
    assert (outcome.reason, outcome.notices) == ("roster_incomplete", ["the file was changed while it was read"])
    assert world.ottolearn.writes == []


def test_what_a_list_wrote_wrongly_the_mended_list_may_replace(either_world, make_member) -> None:
    linking = Linking(either_world, make_member)
    linking.user(7, "zoe@example.edu")
    linking.rows(("zoe@example.edu", "wrong"))
    linking.run()
    linking.rows(("zoe@example.edu", "00246"))
    planned = linking.run(plan_file=linking.world.directory_path / "plan.jsonl")
    [item] = linking.world.items(planned.run)
    assert (item.content.before, item.content.after) == ({"employeeId": "wrong"}, {"employeeId": "00246"})
    assert linking.run().updated == 1
    assert linking.world.ottolearn.users[7].attributes["employeeId"] == "00246"
    linking.rows(("zoe@example.edu", "00247"))
    assert linking.run().updated == 1


def test_what_somebody_changed_since_is_not_replaced(linking) -> None:
    linking.user(7, "zoe@example.edu")
    linking.rows(("zoe@example.edu", "wrong"))
    linking.run()
    linking.user(7, "zoe@example.edu", employeeId="by hand")
    linking.rows(("zoe@example.edu", "00246"))
    assert linking.said(linking.run()) == [("People!B2", "conflict", "other_value")]


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_two_rows_for_one_person_do_not_replace_each_others_id_by_turns(linking, order) -> None:
    linking.user(7, "zoe@example.edu")
    linking.rows(("zoe@example.edu", "1"))
    linking.run()
    linking.rows(*[("zoe@example.edu", "1"), ("zoe@example.edu", "2")][order])
    outcome = linking.run()
    assert {reason for _, _, reason in linking.said(outcome)} == {"duplicate"}
    assert linking.world.ottolearn.users[7].attributes["employeeId"] == "1"


def test_a_list_that_links_nobody_is_not_told_to_be_done(linking) -> None:
    linking.user(7, "zoe@example.edu", employeeId="by hand")
    linking.rows(("zoe@example.edu", "1"))
    outcome = linking.run()
    assert (outcome.status, outcome.reason, outcome.exit_code) == ("partial", "nobody_linked", 4)
    linking.user(8, "li@example.edu")
    linking.rows(("zoe@example.edu", "1"), ("li@example.edu", "2"))
    for _ in range(2):  # linked by this run, then by an earlier one
        assert (linking.run().status, linking.run().reason) == ("done", "")
