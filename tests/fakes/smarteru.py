"""SmarterU's XML API on loopback, after its documentation and what clients of it send; each trap is a switch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from email.utils import formatdate
from typing import Any

from lxml import etree

from tests.fakes.serving import FakeServer, Reply, Request

ACCOUNT, USER = "account-key-0123456789", "user-key-0123456789"
HEADERS = "Profile ID,SCORM Student ID,Surname,Given Name,Employee ID,Email Address,Title,Division,Home Group"


def person(number: int, **changes: Any) -> dict[str, Any]:
    """A user of the account. The two numbers are digits both, and one person's may be the other one of the next."""
    said = {
        "profile": str(1000 + number),
        "scorm": str(1001 + number),
        "Email": f"p{number}@example.com",
        "EmployeeID": f"E{number:04}",
        "GivenName": "Zoë",
        "Surname": f"O’Brien {number}",
        "Status": "Active",
        "HomeGroup": "Sales" if number % 2 else "Plant",
        "ModifiedDate": "2026-01-22 23:42:55.553",
        "Teams": ["Night", "Day"],
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}


def export_text(people: Sequence[Mapping[str, Any]], headers: str = HEADERS) -> str:
    """The CSV of *Export to CSV (full)*."""
    rows = [
        f'{one["profile"]},{one["scorm"]},"{one["Surname"]}",{one["GivenName"]},{one.get("EmployeeID", "")},'
        f"{one.get('Email', '')},,,{one.get('HomeGroup', '')}"
        for one in people
    ]
    return "\r\n".join([headers, *rows, ""])


class Account(FakeServer):
    """Serves `people`. `number` is which of their two the API calls ID."""

    def __init__(self, people: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(self._answer)
        self.people = list(people)
        self.number = "scorm"
        self.cap = 1000
        """The largest page."""
        self.total: int | None = None
        """What it says there are, where that is not what the user may see."""
        self.says_total = True
        self.sees: set[str] | None = None
        """The home groups that the user of the key manages; None: it sees everybody."""
        self.directly = False
        """Users directly in Info, as a client's tests have them."""
        self.days = ("%d-%b-%Y",)
        """How it reads days; what it does not read finds nobody."""
        self.refuses_days = False
        """Whether a day that it does not read is an error instead."""
        self.repeats = False
        """Whether page 2 is page 1 again."""
        self.leaves_out: set[str] = set()
        self.now = 1_800_000_000.0
        self.pages = 0

    def _answer(self, request: Request) -> Reply:
        package = dict(request.parameters()).get("Package", "")
        if request.method != "POST" or not package:
            return _failed("SU:01", "No POST data detected")
        asked = etree.fromstring(package.encode())
        if (asked.findtext("AccountAPI"), asked.findtext("UserAPI")) != (ACCOUNT, USER):
            return _failed("SU:02", "An invalid account API key was used")
        answer = {"listUsers": self._list, "getUser": self._one}[asked.findtext("Method") or ""](asked)
        return answer._replace(headers={**answer.headers, "Date": formatdate(self.now, usegmt=True)})

    def _visible(self) -> list[Mapping[str, Any]]:
        return [one for one in self.people if self.sees is None or one.get("HomeGroup") in self.sees]

    def _list(self, asked: Any) -> Reply:
        found = self._visible()
        if (changed := asked.find(".//ModifiedDate")) is not None:
            first, last = (self._day(changed.findtext(f"ModifiedDate{end}")) for end in ("From", "To"))
            if first is None or last is None:
                if self.refuses_days:
                    return _failed("LU:11", "Invalid date")
                found = []
            else:
                found = [one for one in found if first <= date.fromisoformat(one["ModifiedDate"][:10]) <= last]
        size, page = min(int(asked.findtext(".//PageSize")), self.cap), int(asked.findtext(".//Page"))
        self.pages += 1
        start = 0 if self.repeats else (page - 1) * size
        total = len(found) if self.total is None else self.total
        return self._info(found[start : start + size], total if self.says_total else None)

    def _day(self, text: str) -> date | None:
        for form in self.days:
            try:
                return datetime.strptime(text, form).replace(tzinfo=UTC).date()
            except ValueError:
                continue
        return None

    def _one(self, asked: Any) -> Reply:
        tag, value = next((child.tag, child.text) for child in asked.find("Parameters/User"))
        key = self.number if tag == "ID" else tag
        found = next((one for one in self._visible() if one.get(key) == value), None)
        if found is None:
            return _failed("GU:03", "The user requested does not exist.")
        info = etree.Element("Info")
        info.append(self._element(found))
        return _success(info)

    def _info(self, users: Sequence[Mapping[str, Any]], total: int | None) -> Reply:
        info = etree.Element("Info")
        place = info if self.directly else etree.SubElement(info, "Users")
        for user in users:
            place.append(self._element(user))
        if total is not None:
            etree.SubElement(info, "TotalRecords").text = str(total)
        return _success(info)

    def _element(self, user: Mapping[str, Any]) -> Any:
        made = etree.Element("User")
        plain = {name: text for name, text in user.items() if name not in {"profile", "scorm"}}
        said = {"ID": user[self.number], **plain}
        for name, value in said.items():
            if name in self.leaves_out:
                continue
            child = etree.SubElement(made, name)
            if isinstance(value, list):
                for team in value:
                    etree.SubElement(child, "Team").text = etree.CDATA(team)
            else:
                child.text = etree.CDATA(value)
        return made


def _success(info: Any) -> Reply:
    root = etree.Element("SmarterU")
    etree.SubElement(root, "Result").text = etree.CDATA("Success")
    root.append(info)
    etree.SubElement(root, "Errors")
    return Reply(200, etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def failed(code: str, words: str) -> Reply:
    """The answer of HTTP 200 that says no."""
    return _failed(code, words)


def _failed(code: str, words: str) -> Reply:
    body = (
        f"<?xml version='1.0'?><SmarterU><Result><![CDATA[Failed]]></Result><Info/><Errors><Error><ErrorID>{code}"
        f"</ErrorID><ErrorMessage><![CDATA[{words}]]></ErrorMessage></Error></Errors></SmarterU>"
    )
    return Reply(200, body.encode())
