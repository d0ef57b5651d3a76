"""Header names that are known, in several languages and from several systems, as `plain` writes them."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

KNOWN: Mapping[str, Sequence[str]] = {
    "student_id": (
        "scorm student id",
        "student id", "studentid", "student number", "student no", "learner id", "lms id", "lms user id",
        "ottolearn id", "matrikelnummer", "matrikelnr", "schüler id", "studenten id", "numéro étudiant",
        "id étudiant", "identifiant étudiant", "id apprenant", "número de estudiante", "id de estudiante",
        "id estudiante", "matrícula", "id do aluno", "id studente", "matricola", "studentnummer", "opiskelijanumero",
        "学号", "学籍番号", "학번",
        "matrikel nr", "matrikel nummer", "immatrikulationsnummer", "studierenden id", "studierendennummer",
        "schülernummer", "schülerid", "teilnehmer id", "teilnehmernummer", "lerner id", "lernenden id",
        "numéro d étudiant", "n étudiant", "no étudiant", "code étudiant", "numéro élève", "identifiant élève",
        "identifiant apprenant", "numéro d apprenant",
        "número de alumno", "id de alumno", "id alumno", "id del alumno", "código de estudiante", "código estudiante",
        "código de alumno", "número de matrícula", "legajo", "número de expediente",
        "numero di matricola", "numero matricola", "id alunno", "codice studente", "numero studente",
        "matrícula do aluno", "número do aluno", "id aluno", "código do aluno", "id do estudante", "id estudante",
        "número de estudante", "número do estudante",
    ),
    "email": (
        "email", "e mail", "email address", "e mail address", "mail", "work email", "primary email", "e mail adresse",
        "mailadresse", "adresse e mail", "courriel", "adresse courriel", "adresse électronique", "correo",
        "correo electrónico", "dirección de correo", "endereço de e mail", "indirizzo e mail", "indirizzo email",
        "e mailadres", "sähköposti", "e post", "电子邮件", "邮箱", "メールアドレス", "이메일", "البريد الإلكتروني",
        "emailadresse", "email adresse", "mail adresse", "adresse mail", "adresse email", "adresse de messagerie",
        "courrier électronique", "dirección de correo electrónico", "dirección de email", "dirección de e mail",
        "correo e", "posta elettronica", "indirizzo di posta elettronica", "indirizzo mail", "correio eletrônico",
        "correio eletrónico", "endereço de email", "e mail institucional", "email institucional",
    ),
    "employee_number": (
        "employee number", "employee no", "employee id", "employeeid", "emp id", "staff id", "staff number",
        "personnel number", "personalnummer", "mitarbeiternummer", "matricule", "numéro d employé",
        "número de empleado", "número de funcionário", "matricola dipendente", "personeelsnummer",
        "员工编号", "社員番号",
        "personal nr", "personalnr", "personal nummer", "pers nr", "mitarbeiter nr", "mitarbeiternr", "mitarbeiter id",
        "angestelltennummer", "numéro employé", "numéro de matricule", "numéro de salarié", "id employé",
        "número empleado", "número del empleado", "id de empleado", "código de empleado", "no empleado",
        "no de empleado", "numero dipendente", "id dipendente", "codice dipendente", "número do funcionário",
        "número de colaborador", "número do colaborador", "id do funcionário", "código do funcionário",
        "matrícula do funcionário",
    ),
    "username": (
        "username", "user name", "login", "login id", "login name", "benutzername", "anmeldename", "identifiant",
        "nom d utilisateur", "usuario", "nombre de usuario", "nome utente", "gebruikersnaam", "用户名", "ユーザー名",
        "nutzername", "benutzer", "benutzerkennung", "loginname", "nom utilisateur", "nombre usuario", "utente",
        "nome de usuário", "nome de utilizador", "usuário", "utilizador",
    ),
    "first_name": (
        "first name", "firstname", "given name", "givenname", "forename", "vorname", "prénom", "nombre", "nome",
        "voornaam", "etunimi", "förnamn", "fornavn", "名", "名前",
        "vornamen", "rufname", "prénoms", "nombres", "primer nombre", "nombre de pila", "primeiro nome", "nome próprio",
    ),
    "last_name": (
        "last name", "lastname", "surname", "family name", "familyname", "nachname", "familienname", "nom",
        "nom de famille", "apellido", "apellidos", "sobrenome", "cognome", "achternaam", "sukunimi", "efternamn",
        "etternavn", "姓", "姓氏",
        "zuname", "nom famille", "primer apellido", "apellido paterno", "apelido", "apelidos", "último nome",
    ),
}  # fmt: skip

CANVAS: Mapping[str, str] = {
    "student_id": "user_id",
    "first_name": "first_name",
    "last_name": "last_name",
    "email": "email",
    "username": "login_id",
    "status": "status",
}
"""Canvas's users.csv, exported or imported (Canvas SIS format, users.csv): field -> header."""
_CANVAS_MARKS = {"user_id", "login_id", "status"}
BRIGHTSPACE: Mapping[str, str] = {
    "student_id": "OrgDefinedId",
    "username": "Username",
    "first_name": "First Name",
    "last_name": "Last Name",
    "email": "Email",
}
"""Brightspace's export of grades: field -> header."""
_HASHED = (BRIGHTSPACE["student_id"], BRIGHTSPACE["username"])
"""Before these it sets a `#`, so that spreadsheet programs leave them alone."""
_SMARTERU = "SCORM Student ID"
"""In SmarterU's "Export to CSV" (OttoLearn support, article 242), beside other student IDs."""


UNMATCHED = (
    *("Student ID", "Email", "Employee number", "First name", "Last name"),
    *("Connection", "Launches", "Could be"),
)
"""Our own list of students whom nobody was found for, to be completed and linked."""


def is_unmatched(headers: Sequence[str]) -> bool:
    """Whether this is our own list of unmatched students."""
    return set(headers) >= {"Student ID", *UNMATCHED[-3:]}


def layout_of(headers: Sequence[str]) -> Mapping[str, str]:
    """Field -> header in the export of a system that these headers give away; empty where they are nobody's."""
    if set(headers) >= _CANVAS_MARKS:
        return CANVAS
    if is_unmatched(headers):
        return {"student_id": "Student ID"}
    if BRIGHTSPACE["student_id"] in headers:
        return BRIGHTSPACE
    return {"student_id": _SMARTERU} if _SMARTERU in headers else {}


def hashed_among(headers: Sequence[str]) -> frozenset[int]:
    """The columns before whose values the system that wrote them sets a `#`, from 0."""
    ours = BRIGHTSPACE["student_id"] in headers
    return frozenset(at for at, header in enumerate(headers) if ours and header in _HASHED)


def unaccented(header: str) -> str:
    """A `plain` header without the accents of Latin letters, which systems leave out as they like."""
    decomposed = unicodedata.normalize("NFD", header)
    return unicodedata.normalize("NFC", "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f"))


def plain(header: str) -> str:
    """A header as it is compared: case, punctuation and spaces folded."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    return " ".join("".join(c if c.isalnum() or unicodedata.combining(c) else " " for c in folded).split())
