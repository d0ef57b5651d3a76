"""Which column is which, and no guess where two answers are possible."""

from __future__ import annotations

import pytest

from adapters.spreadsheet.columns import find_columns
from adapters.spreadsheet.rows import Row
from adapters.spreadsheet.settings import Settings
from bridge.errors import RosterIncomplete


def found(*headers, **keys):
    return find_columns(Row(3, headers), "Sheet1", Settings.model_validate({"file": "people.csv", **keys}))


@pytest.mark.parametrize(
    ("student_id", "email", "first", "last"),
    [
        ("Student ID", "Email Address", "First Name", "Surname"),
        ("STUDENT_ID", "e-mail", "given_name", "family_name"),
        ("Matrikelnummer", "E-Mail-Adresse", "Vorname", "Nachname"),
        ("Numéro étudiant", "Courriel", "Prénom", "Nom"),
        ("Matrícula", "Correo electrónico", "Nombre", "Apellidos"),
        ("学号", "邮箱", "名", "姓"),
        ("Matrikel-Nr.", "Emailadresse", "Rufname", "Zuname"),
        ("N° étudiant", "Adresse de messagerie", "PRENOM", "Nom de famille"),
        ("Numero de matricula", "Dirección de correo electrónico", "Nombres", "Primer apellido"),
        ("Numero di matricola", "Posta elettronica", "Nome", "Cognome"),
        ("Matrícula do aluno", "Correio eletrônico", "Primeiro nome", "Apelidos"),
    ],
)
def test_headers_of_many_languages_are_recognised(student_id, email, first, last):
    columns = found("Department", student_id, email, first, last)
    assert [(name, column.at) for name, column in columns.items()] == [
        ("student_id", 1), ("email", 2), ("first_name", 3), ("last_name", 4),
    ]  # fmt: skip


def test_the_configuration_beats_every_guess():
    columns = found("Student ID", "Badge", "Email", columns={"student_id": "Badge"})
    assert str(columns["student_id"]) == "student_id: column B ('Badge', configured)"


def test_a_student_id_of_another_name_is_configured_by_either_name():
    assert found("No", "Email", student_id="badge", columns={"badge": "No"})["badge"].at == 0
    assert found("No", "Email", student_id="badge", columns={"student_id": "No"})["badge"].at == 0


def test_a_configured_header_that_is_absent_is_not_replaced_by_a_guess():
    with pytest.raises(RosterIncomplete, match=r"Sheet1!A3: no column for student_id; found 'Student ID', 'Email'"):
        found("Student ID", "Email", columns={"student_id": "Badge"})


@pytest.mark.parametrize("name", ["first_name", "status", "cost_centre"])
def test_a_configured_column_that_is_absent_is_a_mistake_for_every_field(name):
    with pytest.raises(RosterIncomplete, match=f"no column for {name}"):
        found("Student ID", "Email", columns={name: "Nowhere"})


def test_linking_needs_the_column_to_match_by_and_a_roster_does_not():
    with pytest.raises(RosterIncomplete, match="no column for email"):
        found("Student ID", "Name")
    assert list(found("Student ID", "Name", mode="roster")) == ["student_id"]


@pytest.mark.parametrize("twice", ["Email", "E-MAIL", " email "])
def test_two_columns_of_one_header_are_refused_by_name(twice):
    with pytest.raises(RosterIncomplete, match=r"Sheet1!C3: the same header as Sheet1!B3; allowed: every header once"):
        found("Student ID", "e mail" if twice == "E-MAIL" else "Email", twice)


def test_columns_without_header_are_no_duplicates():
    assert found("", "Student ID", "", "Email")["email"].at == 3


def test_ten_thousand_columns_are_refused():
    assert found("Student ID", "Email", *map(str, range(998)))
    with pytest.raises(RosterIncomplete, match=r"Sheet1: more than 1000 columns; allowed: up to 1000"):
        found("Student ID", "Email", *map(str, range(9998)))
