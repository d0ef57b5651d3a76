"""The configuration of a demo's bridge, and the same facts as its sandbox LMS knows them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from adapters.scorm.package import build_package
from bridge.contracts import Kind
from bridge.files.private import make_private
from sandbox.lms.doors import CANVAS, MOODLE, PACKAGES
from sandbox.lms.packages import read_package
from sandbox.lms.settings import Campus, LtiTool
from sandbox.ottolearn.sso import CALLBACK, SingleSignOn

TITLE = "Safety at Work"
USERNAME_ATTRIBUTES = ("username", "employeeId")
FORMATS = {Kind.SCORM12: "scorm12", Kind.SCORM2004: "scorm2004-4"}
UPLOADED = (*FORMATS.values(), "aicc", "cmi5")
"""The formats of the packages that the LMS's administrator uploaded."""


def build_campus(bridge_url: str, lms_url: str, ottolearn_url: str) -> Campus:
    """The LMS with the bridge installed in it in every way, by fresh secrets."""
    # A Canvas that a school hosts itself says this issuer too; only its keys are its own.
    canvas = _tool("canvas", CANVAS, bridge_url, lms_url, issuer="https://canvas.instructure.com")
    moodle = _tool("moodle", MOODLE, bridge_url, lms_url, issuer=lms_url)
    tokens = {name: secrets.token_urlsafe(24) for name in UPLOADED}
    built = {
        kind: build_package(format=name, connection=PACKAGES, public_url=bridge_url, title=TITLE, token=tokens[name])
        for kind, name in FORMATS.items()
    }
    return Campus(
        url=lms_url,
        tools={CANVAS: canvas, MOODLE: moodle},
        packages={kind: read_package(archive) for kind, archive in built.items()},
        aicc_launch_url=f"{bridge_url}/aicc/{PACKAGES}/launch",
        cmi5_launch_url=f"{bridge_url}/cmi5/{PACKAGES}/launch",
        api_token=secrets.token_urlsafe(24),
        package_tokens=tokens,
        destinations=(bridge_url, ottolearn_url),
    )


def _tool(product: str, connection: str, bridge_url: str, lms_url: str, *, issuer: str) -> LtiTool:
    return LtiTool(
        product=product,
        platform_url=f"{lms_url}/platform/{product}",
        issuer=issuer,
        client_id=f"{product}-{secrets.token_hex(6)}",
        deployment_id=f"6:{secrets.token_hex(20)}",
        consumer_key=f"{product}-key",
        shared_secret=secrets.token_urlsafe(32),
        login_url=f"{bridge_url}/lti/{connection}/login",
        launch_url=f"{bridge_url}/lti/{connection}/launch",
    )


def write_config(directory: Path, bridge_url: str, ottolearn: Mapping[str, Any], campus: Campus) -> Path:
    """Write the bridge's config.yaml into `directory`, readable by nobody else. `ottolearn` is that part as it is."""
    tree = {
        "bridge": {
            "public_url": bridge_url,
            "secret_key": secrets.token_hex(32),
            "database_url": f"sqlite:///{directory / 'demo.db'}",
            "trusted_networks": ["127.0.0.0/8"],
            "progress_token": secrets.token_hex(32),
        },
        "ottolearn": dict(ottolearn),
        "connections": {
            CANVAS: {
                "adapter": "canvas",
                "student_id": "sis_user_id",
                "api": {"url": campus.url, "token": campus.api_token},
                "roster": {"attributes": {"username": "sis_user_id"}},
            }
            | _lti(campus.tools[CANVAS]),
            MOODLE: {"adapter": "moodle", "student_id": "idnumber"} | _lti(campus.tools[MOODLE]),
            PACKAGES: {
                "adapter": "scorm",
                "student_id": "learner_id",
                "package_origins": [campus.url],
                "aicc": {"allowed_urls": [campus.aicc_url]},
                "cmi5": {"allowed_urls": [campus.cmi5_url]},
            },
        },
    }
    path = directory / "config.yaml"
    make_private(path)
    path.write_text(yaml.safe_dump(tree, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def ottolearn_part(ottolearn_url: str, password: str, sign_in: Mapping[str, Any]) -> dict[str, Any]:
    """The `ottolearn:` part for the sandbox OttoLearn at `ottolearn_url`."""
    return {
        "api_url": ottolearn_url,
        "organization_id": 1,
        "username": "api",
        "password": password,
        "username_attributes": list(USERNAME_ATTRIBUTES),
        "learner_url": f"{ottolearn_url}/learn",
        "sign_in": dict(sign_in),
    }


def oidc_part(ottolearn_url: str, sso: SingleSignOn) -> dict[str, Any]:
    """`sign_in` by OpenID Connect, for the sandbox OttoLearn's single sign-on."""
    return {
        "method": "oidc",
        "client_id": sso.client_id,
        "client_secret": sso.client_secret,
        "redirect_uris": [f"{ottolearn_url}{CALLBACK}"],
        "username_claim": sso.username_claim,
    }


def signed_link_part(ottolearn_url: str, link_secret: str) -> dict[str, Any]:
    """`sign_in` by signed link."""
    return {"method": "signed_link", "url": f"{ottolearn_url}/learn", "secret": link_secret, "parameter": "token"}


def _lti(tool: LtiTool) -> dict[str, Any]:
    return {
        "lti13": {
            "issuer": tool.issuer,
            "client_id": tool.client_id,
            "deployment_ids": [tool.deployment_id],
            "auth_url": tool.auth_url,
            "token_url": f"{tool.platform_url}/token",
            "jwks_url": tool.jwks_url,
        },
        "lti11": {"consumer_key": tool.consumer_key, "shared_secret": tool.shared_secret},
    }
