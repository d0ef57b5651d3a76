"""SmarterU's XML API (version 2): one address, one form field with an XML document, and HTTP 200 for every answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from lxml import etree

from adapters.smarteru.settings import Api
from bridge.contracts import ReaderContext, clean
from bridge.errors import RemoteRefused, RosterIncomplete
from bridge.net.answers import is_page
from bridge.net.http import HttpResponse, host_of
from bridge.net.retry import with_retries
from bridge.roster.clock import ServiceClock
from bridge.roster.token_response import error_words
from bridge.roster.tokens import MAX_PAGE_BYTES, PAGE_SECONDS

User = Mapping[str, str]
"""What stands in a `User` element: the text of each child by its name. A child that is absent was not said."""
QUICK_SECONDS: Final = 3.0
"""For one call while a learner waits."""
NOT_FOUND: Final = "GU:03"
GROUPED: Final = "Teams"
_PAGE: Final = (
    "the answer is a web page and not XML: `api.url` is wrong, or something before the service (a firewall, a login "
    "page) answered in its place"
)
_WHAT_TO_DO: Final = "check `api.account_key` and `api.user_key`, and that the API is switched on in the account"


class Refused(RemoteRefused):
    """SmarterU's answer was `Failed`; `codes` are its error ids, such as `GU:03`."""

    def __init__(self, message: str, codes: Sequence[str]) -> None:
        super().__init__(message, status=200)
        self.codes = tuple(codes)


class SmarterU:
    """Calls to one account."""

    def __init__(self, api: Api, context: ReaderContext, *, wait: bool = True) -> None:
        """`wait`: whether a service that is away is asked again, as a learner who waits cannot."""
        self._api = api
        self._context = context
        self._wait = wait
        self.host = host_of(api.url)
        self.page_size = api.page_size
        self.clock = ServiceClock()

    def list_users(self, page: int, modified: tuple[str, str] | None) -> tuple[list[User], int]:
        """One page of the users, and how many there are in all; `modified`: first and last day, as the API writes them.

        Raises RosterIncomplete where the answer does not say both, and what a call raises.
        """
        filters = [_element("UserStatus", "All")]
        if modified is not None:
            filters.append(
                _element(
                    "ModifiedDate", _element("ModifiedDateFrom", modified[0]), _element("ModifiedDateTo", modified[1])
                )
            )
        asked = _element(
            "User",
            _element("Page", str(page)),
            _element("PageSize", str(self._api.page_size)),
            _element("SortField", "NAME"),
            _element("SortOrder", "ASC"),
            _element("Filters", *filters),
        )
        said = self._call("listUsers", asked)
        total = clean(said.findtext("TotalRecords"))
        if not (total.isascii() and total.isdigit()):
            raise RosterIncomplete(f"{self.host}: the list of users does not say how many there are (TotalRecords)")
        # the documentation has the users in `Users`, a client's tests have them directly in `Info`
        return [_user(one) for one in [*said.findall("Users/User"), *said.findall("User")]], int(total)

    def get_user(self, tag: str, value: str) -> User | None:
        """The user whose `tag` (ID, Email or EmployeeID) is `value`; None where the API finds nobody."""
        try:
            said = self._call("getUser", _element("User", _element(tag, value)))
        except ValueError:  # a character that XML cannot hold
            return None
        except Refused as refused:
            if NOT_FOUND in refused.codes:
                return None
            raise
        found = said.find("User")
        return None if found is None else _user(found)

    def _call(self, method: str, asked: etree._Element) -> etree._Element:
        """`Info` of the answer. Raises Refused, RemoteRefused, RemoteUnavailable, RosterIncomplete."""
        document = _element(
            "SmarterU",
            _element("AccountAPI", self._api.account_key.get_secret_value()),
            _element("UserAPI", self._api.user_key.get_secret_value()),
            _element("Method", method),
            _element("Parameters", asked),
        )
        package = etree.tostring(document, encoding="unicode")
        answer = with_retries(lambda: self._post(package), self._context) if self._wait else self._post(package)
        if answer.status != 200:
            more = f"; {_PAGE}" if is_page(answer.body) else ""
            raise RemoteRefused(f"{self.host} answered {answer.status} to {method}{more}", status=answer.status)
        return self._info(answer, method)

    def _post(self, package: str) -> HttpResponse:
        seconds = PAGE_SECONDS if self._wait else QUICK_SECONDS
        answer = self._context.outbound.request(
            "POST", self._api.url, data={"Package": package}, deadline=seconds, max_bytes=MAX_PAGE_BYTES
        )
        self.clock.observe(answer)
        return answer

    def _info(self, answer: HttpResponse, method: str) -> etree._Element:
        root = self._parsed(answer.body)
        result, said = clean(root.findtext("Result")), root.find("Info")
        if result == "Success" and said is not None:
            return said
        if result != "Failed":
            raise RosterIncomplete(f"{self.host}: the answer to {method} says neither Success nor Failed")
        errors = [(clean(one.findtext("ErrorID")), clean(one.findtext("ErrorMessage"))) for one in root.iter("Error")]
        told = "; ".join(
            error_words({"id": code, "words": words}, "id", "words").strip(" ()") for code, words in errors
        )
        message = f"{self.host} refused {method} ({told or 'without a reason'}); {_WHAT_TO_DO}"
        raise Refused(message, [code for code, _ in errors])

    def _parsed(self, body: bytes) -> etree._Element:
        if is_page(body):
            raise RosterIncomplete(f"{self.host}: {_PAGE}")
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
        try:
            root = etree.fromstring(body, parser)
        except etree.XMLSyntaxError as error:
            raise RosterIncomplete(f"{self.host}: the answer is not XML, or breaks off") from error
        if root.tag != "SmarterU" or getattr(root.getroottree().docinfo, "doctype", ""):
            raise RosterIncomplete(f"{self.host}: the answer is not one of SmarterU's")
        return root


def _element(tag: str, *content: str | etree._Element) -> etree._Element:
    made = etree.Element(tag)
    for part in content:
        if isinstance(part, str):
            made.text = part
        else:
            made.append(part)
    return made


def _user(element: etree._Element) -> User:
    said: dict[str, str] = {}
    for child in element:
        tag = child.tag
        if not isinstance(tag, str):
            continue  # a comment
        if not len(child):
            text = child.text
            said[tag] = text if text and text.isascii() and text.isalnum() else clean(text)  # most, of millions
        elif tag == GROUPED and (teams := [clean(team.text) for team in child if team.tag == "Team"]):
            said[tag] = "\n".join(teams)
    return said
