"""An administrator signs in at a certified OpenID provider in Chromium, and out again."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from bridge.web.app import create_app
from sandbox.serving import serve
from tests.browser.admin_site import AdminSite, Later, site
from tests.fakes.real_openid_provider import real_openid_provider, settings_for

__all__ = ["site"]
pytestmark = pytest.mark.browser


def test_an_administrator_comes_in_by_the_school_and_goes_out(page: Page, site: AdminSite) -> None:
    later = Later()
    with serve(later) as served, real_openid_provider(f"{served.url}/admin/sign-in/oidc/callback") as issuer:
        configuration = site.services.configuration
        admin = configuration.admin.model_copy(update={"oidc": settings_for(issuer, title="the school")})
        configuration = replace(configuration, admin=admin)
        services = replace(site.services, configuration=configuration, public_url=served.url, now=time.time)
        later.app = create_app(services)
        page.goto(f"{served.url}/admin/launches")
        page.get_by_text("Sign in with the school").click()
        page.get_by_label("Name").fill("bo")
        page.get_by_role("button", name="Continue").click()
        expect(page).to_have_url(f"{served.url}/admin/launches")
        expect(page.get_by_text("bo@school.example")).to_be_visible()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url(f"{issuer}/session/end?**")
        page.get_by_role("button", name="Yes, sign me out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        expect(page).to_have_url(f"{served.url}/admin/sign-in")
        page.goto(f"{served.url}/admin/launches")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
