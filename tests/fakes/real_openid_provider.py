"""The certified OpenID provider of npm, as a process of its own for as long as a `with` block lasts."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from bridge.config.admin import AdminOidc

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "tests" / "browser" / "openid-provider.mjs"
CLIENT = "ottobridge"
SECRET = "the secret of the client, long enough"


@contextmanager
def real_openid_provider(redirect_uri: str) -> Iterator[str]:
    """Its issuer. `ada` has groups that make an owner, `bo` an operator, and `eve` nobody."""
    node = shutil.which("node")
    if node is None or not (ROOT / "node_modules" / "oidc-provider").exists():
        pytest.skip("to enable: npm install --no-package-lock --ignore-scripts")
    command = [node, str(SCRIPT), redirect_uri, SECRET]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        try:
            assert running.stdout is not None
            issuer = running.stdout.readline().decode().strip()
            assert issuer, "the provider did not start"
            yield issuer
        finally:
            running.terminate()


def settings_for(issuer: str, **changed: Any) -> AdminOidc:
    """`admin.oidc` of a bridge that trusts this provider."""
    roles = {"owner": ["it-heads"], "operator": ["it-staff"], "viewer": ["teachers"]}
    asked = {"issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "roles_claim": "groups", "roles": roles}
    return AdminOidc.model_validate(asked | changed)
