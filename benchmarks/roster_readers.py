"""How fast, and in how much memory, the roster of each LMS by name is read; against fetching its pages bare.

    python -m benchmarks.roster_readers --people 100000      # two minutes; 1000000 takes some
    python -m benchmarks.roster_readers --readers brightspace --delays 0.02

As `roster_lists`, which has the kinds of paging: a server in a process of its own sends pages of a hundred people;
`bare` fetches every page with requests and throws it away; `read` is the whole reader. Rounds are interleaved and
ratios are medians of rounds. Exits 1 where a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

from benchmarks.roster_lists import GOALS, MEGABYTES, SIZE
from benchmarks.roster_steps import Timed, measure, run_step, served

MODULE = "benchmarks.roster_readers"


class Reader(NamedTuple):
    """One LMS: its pages, and what is configured for them."""

    size: int
    """People on a page, a hundred as in `roster_lists`: on larger pages bare reading costs less for a person."""
    row: str
    """One person, `%(n)d` being their number."""
    page: Callable[[str, int, int], str]
    """An answer: its rows, the place where the next page begins, and how many people there are."""
    start: Callable[[dict[str, str], int], int]
    """Where a page begins, given the query (or the form), and the size."""
    address: Callable[[int, int], str]
    """The page that begins there, for bare reading."""
    connection: Callable[[str], dict[str, Any]]
    """The settings, given the address of the server."""


BASIC = {"sign_in": "basic", "password": "p"}
NAMES = '"firstName":"Zo\\u00eb","lastName":"Person %(n)d"'
BLACKBOARD = (
    '{"id":"_%(n)d_1","uuid":"%(n)032x","externalId":"X%(n)07d","userName":"zoe%(n)d","studentId":"S%(n)d",'
    '"dataSourceId":"_2_1","institutionRoleIds":["STUDENT"],"availability":{"available":"Yes"},'
    '"name":{"given":"Zo\\u00eb","family":"Person %(n)d"},"contact":{"email":"zoe%(n)d@example.edu"}}'
)
BRIGHTSPACE = (
    '{"OrgId":6606,"UserId":%(n)d,"FirstName":"Zo\\u00eb","MiddleName":null,"LastName":"Person %(n)d",'
    '"UserName":"zoe%(n)d","ExternalEmail":"zoe%(n)d@example.edu","OrgDefinedId":"S%(n)07d",'
    '"UniqueIdentifier":"zoe%(n)d","Activation":{"IsActive":true},"DisplayName":"Zo\\u00eb","LastAccessedDate":null}'
)
DOCEBO = (
    '{"user_id":"%(n)d","username":"zoe%(n)d","first_name":"Zo\\u00eb","last_name":"Person %(n)d",'
    '"email":"zoe%(n)d@example.edu","status":"1","level":"User","expiration_date":null,"field_12":"%(n)07d"}'
)
LEARNING = '{"studentID":"%(n)07d",' + NAMES + ',"emailAddress":"zoe%(n)d@example.edu","personGUID":"g%(n)d"}'
HCM = (
    '{"userId":"u%(n)07d","username":"zoe%(n)d","empId":"%(n)d",'
    + NAMES
    + (',"email":"zoe%(n)d@example.edu","status":"t","lastModifiedDateTime":"/Date(1700000000000)/"}')
)
SMARTERU = (
    "<User><ID>%(n)d</ID><Email>zoe%(n)d@example.edu</Email><EmployeeID>E%(n)d</EmployeeID>"
    "<GivenName>Zo\u00eb</GivenName><Surname>Person %(n)d</Surname><Status>Active</Status>"
    "<HomeGroup>Plant</HomeGroup><ModifiedDate>2026-01-22 23:42:55.553</ModifiedDate></User>"
)


def _blackboard(rows: str, end: int, total: int) -> str:
    paging = f',"paging":{{"nextPage":"/learn/api/public/v1/users?limit=100&offset={end}"}}' if end < total else ""
    return f'{{"results":[{rows}]{paging}}}'


def _brightspace(rows: str, end: int, total: int) -> str:
    more = "true" if end < total else "false"
    return f'{{"PagingInfo":{{"Bookmark":"{end - 1}","HasMoreItems":{more}}},"Items":[{rows}]}}'


def _docebo(rows: str, end: int, total: int) -> str:
    more = "true" if end < total else "false"
    said = f'"has_more_data":{more},"total_count":{total},"current_page_size":{SIZE}'
    return f'{{"data":{{{said},"items":[{rows}]}},"version":"1"}}'


def _hcm(rows: str, end: int, total: int) -> str:
    following = f',"__next":"{os.environ.get("URL", "")}/odata/v2/User?$skiptoken={end}"' if end < total else ""
    return f'{{"d":{{"results":[{rows}]{following}}}}}'


def _smarteru(rows: str, end: int, total: int) -> str:
    del end
    users = rows.replace("</User>,<User>", "</User><User>")
    told = f"<Users>{users}</Users><TotalRecords>{total}</TotalRecords>"
    return f"<SmarterU><Result>Success</Result><Info>{told}</Info><Errors/></SmarterU>"


def _access(url: str, **more: Any) -> dict[str, Any]:
    return {"url": url, "client_id": "c", "client_secret": "s", **more}


READERS = {
    "blackboard": Reader(
        SIZE,
        BLACKBOARD,
        _blackboard,
        lambda query, size: int(query.get("offset", 0)),  # noqa: ARG005
        lambda start, size: f"/learn/api/public/v1/users?limit={size}&offset={start}",
        lambda url: {"api": {"url": url, "key": "k", "secret": "s", "calls_per_day": 10_000_000}},
    ),
    "brightspace": Reader(
        SIZE,
        BRIGHTSPACE,
        _brightspace,
        lambda query, size: int(query.get("bookmark", -1)) + 1,  # noqa: ARG005
        lambda start, size: f"/d2l/api/lp/1.50/users/?bookmark={start - 1}",  # noqa: ARG005
        lambda url: {"api": _access(url, auth_url=url)},
    ),
    "docebo": Reader(
        SIZE,
        DOCEBO,
        _docebo,
        lambda query, size: (int(query.get("page", 1)) - 1) * size,
        lambda start, size: f"/manage/v1/user?page={start // size + 1}&page_size={size}",
        lambda url: {"api": _access(url, page_size=SIZE), "roster": {"attributes": {"emailAddress": "email"}}},
    ),
    "smarteru": Reader(
        SIZE,
        SMARTERU,
        _smarteru,
        lambda query, size: (int(query["Package"].partition("<Page>")[2].partition("<")[0]) - 1) * size,
        lambda start, size: f"?<Page>{start // size + 1}<",
        lambda url: {
            "api": {"url": url, "account_key": "k" * 20, "user_key": "u" * 20, "page_size": SIZE},
            "student_id": "EmployeeID",
        },
    ),
    "learning": Reader(
        SIZE,
        LEARNING,
        lambda rows, end, total: f'{{"@odata.count":{total},"value":[{rows}]}}',  # noqa: ARG005
        lambda query, size: int(query.get("$skip", 0)),  # noqa: ARG005
        lambda start, size: f"/learning/odatav4/searchStudent/v1/Students?$top={size}&$skip={start}",
        lambda url: {"learning": _access(url, user_id="B", company_id="A", page_size=SIZE)},
    ),
    "hcm": Reader(
        SIZE,
        HCM,
        _hcm,
        lambda query, size: int(query.get("$skiptoken", 0)),  # noqa: ARG005
        lambda start, size: f"/odata/v2/User?$skiptoken={start}",  # noqa: ARG005
        lambda url: {
            "student_id": "userId",
            "hcm": {
                "url": url,
                "user_id": "B",
                "company_id": "A",
                "sign_in": "basic",
                "password": "p",
                "page_size": SIZE,
            },
        },
    ),
}
ADAPTERS = {"learning": "successfactors", "hcm": "successfactors"}


def serve(name: str, people: str, delay: str) -> None:
    """The LMS with so many people, a page in `delay` seconds."""
    from tests.fakes.serving import FakeServer, Reply, Request

    reader, total = READERS[name], int(people)
    token = json.dumps({"access_token": "t", "token_type": "bearer", "expires_in": 86400, "refresh_token": "r"})

    def answer(request: Request) -> Reply:
        if "token" in request.path:
            return Reply(200, token.encode())
        query = dict(request.parameters())
        filtered = query.get("$filter", "")
        most = 0 if "eq False" in filtered or "eq false" in filtered else total  # nobody is inactive
        start = reader.start(query, reader.size)
        end = min(start + reader.size, most)
        rows = ",".join([reader.row % {"n": n} for n in range(start, end)])
        return Reply(200, reader.page(rows, end, most).encode(), {"Date": "Sun, 01 Nov 2026 00:00:00 GMT"})

    with FakeServer(answer, delay=float(delay)) as server:
        os.environ["URL"] = server.url
        print(server.url, flush=True)
        sys.stdin.read()


def bare(name: str, url: str, people: str) -> dict[str, Any]:
    """Fetch every page with requests and throw it away."""
    import requests

    reader = READERS[name]
    session = requests.Session()
    session.trust_env = False
    with Timed() as timed:
        for start in range(0, int(people), reader.size):
            address = reader.address(start, reader.size)
            form = {"Package": address} if address.startswith("?") else None
            how = "POST" if form else "GET"
            with session.request(how, url + ("/" if form else address), data=form, timeout=60) as answer:
                assert len(answer.content) > 0
    return timed.used


def read(name: str, url: str, people: str) -> dict[str, Any]:
    """Everybody, by the reader."""
    from importlib import import_module

    from bridge.roster.authorization_code import SECRET
    from bridge.roster.shared_token import StoredToken
    from tests.fakes.contexts import Clock, InMemoryState

    adapter = import_module(f"adapters.{ADAPTERS.get(name, name)}").ADAPTER
    settings = adapter.settings.model_validate(READERS[name].connection(url))
    state = InMemoryState()
    if adapter.consent is not None:
        client = f"c {url}/core/connect/token"
        state.secrets[SECRET] = StoredToken(client, refresh="r").to_text()
    with Timed() as timed:
        for page in adapter.read_roster(settings, replace(Clock().context(), state=state)):
            end = page
    assert end.total == int(people), end
    return {**timed.used, "people": end.total}


STEPS: dict[str, Callable[..., dict[str, Any] | None]] = {"serve": serve, "bare": bare, "read": read}


def compare(name: str, people: int, delay: float, rounds: int) -> int:
    """One LMS; says how many goals were missed."""
    with served(MODULE, name, people, delay) as url:
        pairs = [
            (measure(MODULE, "bare", name, url, str(people)), measure(MODULE, "read", name, url, str(people)))
            for _ in range(rounds)
        ]
    by_clock = median(found["seconds"] / plain["seconds"] for plain, found in pairs)
    by_cpu = median(found["cpu"] / plain["cpu"] for plain, found in pairs)
    most = max(found["megabytes"] for _, found in pairs)
    plain, found = pairs[-1]
    missed = (by_clock > GOALS.get(delay, GOALS[0.0])) + (most > MEGABYTES)
    print(
        f"{'MISSED' if missed else 'kept  '} {name:11} {delay * 1000:3.0f} ms a page: {by_clock:.2f} times bare "
        f"(<= {GOALS.get(delay, GOALS[0.0])}; by CPU {by_cpu:.2f}), bare {plain['seconds']:.2f} s, read "
        f"{found['seconds']:.2f} s ({found['cpu'] / found['people'] * 1e6:.1f} µs of CPU a person), {most:.0f} MB",
        flush=True,
    )
    return missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--readers", nargs="+", choices=READERS, default=[*READERS])
    parser.add_argument("--delays", nargs="+", type=float, default=[0.0])
    asked = parser.parse_args()
    print(f"{asked.people:,} people, Python {sys.version.split()[0]}, {os.cpu_count()} cores", flush=True)
    missed = sum(compare(name, asked.people, delay, asked.rounds) for delay in asked.delays for name in asked.readers)
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["step"]:
        run_step(STEPS, *sys.argv[2:])
    else:
        sys.exit(main())
