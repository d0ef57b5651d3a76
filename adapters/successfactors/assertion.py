"""The SAML 2.0 assertion that SuccessFactors trades for an access token (RFC 7522; SAP, OAuth 2.0 for OData)."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

from lxml import etree

from adapters.successfactors.settings import Hcm

LIFETIME = 600.0
"""Seconds that an assertion is good for, in both directions: clocks differ."""
AUDIENCE = "www.successfactors.com"
_SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
_SIGNATURE = "http://www.w3.org/2000/09/xmldsig#"


def signed_assertion(hcm: Hcm, now: float) -> str:
    """The assertion that `hcm.user_id` is asked for, signed with the key of the client, in base64."""
    from signxml.signer import XMLSigner  # noqa: PLC0415 -- an extra, and only this way of signing in needs it

    new_id = f"_{hashlib.sha256(f'{hcm.client_id} {now!r}'.encode()).hexdigest()}"
    root = _assertion(hcm, now, new_id)
    key = hcm.private_key.get_secret_value().encode()
    signed = XMLSigner(c14n_algorithm="http://www.w3.org/2001/10/xml-exc-c14n#").sign(
        root, key=key, reference_uri=new_id, id_attribute="ID"
    )
    return base64.b64encode(etree.tostring(signed)).decode()


def _assertion(hcm: Hcm, now: float, new_id: str) -> etree._Element:
    root = etree.Element(_tag("Assertion"), nsmap={"saml2": _SAML})
    for name, value in (("ID", new_id), ("IssueInstant", _moment(now)), ("Version", "2.0")):
        root.set(name, value)
    _add(root, "Issuer").text = hcm.client_id
    etree.SubElement(root, f"{{{_SIGNATURE}}}Signature", nsmap={"ds": _SIGNATURE}).set("Id", "placeholder")
    _add_subject(root, hcm, now)
    _add_conditions(root, now)
    statement = _add(root, "AuthnStatement", AuthnInstant=_moment(now), SessionIndex=new_id)
    context = _add(statement, "AuthnContext")
    _add(context, "AuthnContextClassRef").text = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"
    attribute = _add(_add(root, "AttributeStatement"), "Attribute", Name="api_key")
    _add(attribute, "AttributeValue").text = hcm.client_id
    return root


def _add_subject(root: etree._Element, hcm: Hcm, now: float) -> None:
    subject = _add(root, "Subject")
    _add(subject, "NameID", Format="urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified").text = hcm.user_id
    confirmation = _add(subject, "SubjectConfirmation", Method="urn:oasis:names:tc:SAML:2.0:cm:bearer")
    recipient = f"{hcm.url.rstrip('/')}/odata/v2"
    _add(confirmation, "SubjectConfirmationData", NotOnOrAfter=_moment(now + LIFETIME), Recipient=recipient)


def _add_conditions(root: etree._Element, now: float) -> None:
    valid = {"NotBefore": _moment(now - LIFETIME), "NotOnOrAfter": _moment(now + LIFETIME)}
    restriction = _add(_add(root, "Conditions", **valid), "AudienceRestriction")
    _add(restriction, "Audience").text = AUDIENCE


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, _tag(name), attributes)


def _tag(name: str) -> str:
    return f"{{{_SAML}}}{name}"


def _moment(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
