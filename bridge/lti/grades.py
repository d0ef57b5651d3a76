"""Progress to an LTI platform: a score by Assignment and Grade Services 2.0, or Basic Outcomes of LTI 1.1."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit, urlunsplit

import msgspec
from lxml import etree
from oauthlib.oauth1 import Client

from bridge.contracts import Report, clean
from bridge.errors import RemoteRefused
from bridge.lti.settings import Lti11
from bridge.net.answers import BOM, body_excerpt
from bridge.net.http import HttpResponse, Outbound, host_of

SCORE_SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/score"
SCORE_TYPE = "application/vnd.ims.lis.v1.score+json"
OUTCOMES = "http://www.imsglobal.org/services/ltiv1p1/xsd/imsoms_v1p0"
MAX_ANSWER = 64 * 1024
LONGEST_WORDS = 200
_HINTS = {
    400: ": it may not grade this person, who has perhaps left the course or teaches it",
    401: ": the tool may not use the service Assignment and Grade Services there",
    403: ": the tool or its link may not give grades in this course (any more)",
    404: ": the activity or its grade item is gone",
    409: ": it has a newer grade already",
}


def post_score(channel: Mapping[str, str], report: Report, token: Callable[[], str], outbound: Outbound) -> None:
    """AGS 3.4: incomplete is in progress, mastered is completed and graded. Raises RemoteUnavailable, RemoteRefused."""
    score = {
        "userId": channel["user"],
        "scoreGiven": _percent(report),
        "scoreMaximum": 100,
        "activityProgress": "Completed" if report.mastered else "InProgress",
        "gradingProgress": "FullyGraded" if report.mastered else "Pending",
        "timestamp": datetime.fromtimestamp(report.time, UTC).isoformat(timespec="milliseconds"),
    }
    headers = {"Authorization": f"Bearer {token()}", "Content-Type": SCORE_TYPE}
    url, body = scores_url(channel["lineitem"]), msgspec.json.encode(score)
    answer = outbound.request("POST", url, headers=headers, data=body, max_bytes=MAX_ANSWER)
    if not 200 <= answer.status < 300:
        why = f"status {answer.status}{_hint(answer)}"
        raise RemoteRefused(f"{host_of(url)} did not take the score ({why})", status=answer.status)


def scores_url(lineitem: str) -> str:
    """`/scores` after the path, the query kept: Moodle's line items have one (AGS 3.4.1)."""
    parts = urlsplit(lineitem)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/scores"))


def replace_result(
    channel: Mapping[str, str], report: Report, settings: Lti11, number: str, outbound: Outbound
) -> None:
    """Basic Outcomes 6.1.1, signed with a body hash. Raises RemoteUnavailable or RemoteRefused."""
    url, body = channel["outcomes"], build_request(channel["sourcedid"], _percent(report) / 100, number)
    client = Client(settings.consumer_key, client_secret=settings.shared_secret.get_secret_value())
    _, headers, _ = client.sign(url, "POST", body=body.decode(), headers={"Content-Type": "application/xml"})
    answer = outbound.request("POST", url, headers=headers, data=body, max_bytes=MAX_ANSWER)
    major, description = _status_of(answer.body)
    if answer.status != 200 or major != "success":
        said = f": {description}" if description else body_excerpt(answer.body)
        raise RemoteRefused(
            f"{host_of(url)} did not take the result (status {answer.status}){said}", status=answer.status
        )


def build_request(sourcedid: str, score: float, number: str) -> bytes:
    """The POX message `replaceResultRequest`."""
    root = etree.Element(f"{{{OUTCOMES}}}imsx_POXEnvelopeRequest", nsmap={None: OUTCOMES})  # type: ignore[dict-item]

    def put(path: str, text: str) -> None:
        place = root
        for tag in path.split("/"):
            found = place.find(f"{{{OUTCOMES}}}{tag}")
            place = found if found is not None else etree.SubElement(place, f"{{{OUTCOMES}}}{tag}")
        place.text = text

    header, record = "imsx_POXHeader/imsx_POXRequestHeaderInfo", "imsx_POXBody/replaceResultRequest/resultRecord"
    put(f"{header}/imsx_version", "V1.0")
    put(f"{header}/imsx_messageIdentifier", number)
    put(f"{record}/sourcedGUID/sourcedId", sourcedid)
    put(f"{record}/result/resultScore/language", "en")
    put(f"{record}/result/resultScore/textString", f"{score:.2f}")
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _status_of(body: bytes) -> tuple[str, str]:
    """`imsx_codeMajor`, and the first line of `imsx_description` (Moodle's others show where in its code it was)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body.removeprefix(BOM).lstrip(), parser)
    except etree.XMLSyntaxError:
        return "", ""
    major, description = (
        root.findtext(f".//{{{OUTCOMES}}}{tag}", "") for tag in ("imsx_codeMajor", "imsx_description")
    )
    return major, clean(description).partition("\n")[0][:LONGEST_WORDS]


def _hint(answer: HttpResponse) -> str:
    """What a status of the score service means (AGS 3.4.5; Moodle, mod/lti/service/gradebookservices)."""
    if page := body_excerpt(answer.body):
        return page
    return _HINTS.get(answer.status, "")


def _percent(report: Report) -> int:
    return 100 if report.mastered else int(report.progress * 100)
