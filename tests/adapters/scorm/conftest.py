"""Data that lies beside the checkout, where there is any: real recordings and the schemas of the formats."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared"


def _folder(name: str) -> Path:
    folder = SHARED / name
    if not folder.is_dir():
        pytest.skip(f"to enable: put the folder {name} into ../shared beside the checkout")
    return folder


@pytest.fixture(scope="session")
def moodle() -> Path:
    """What a real Moodle 4.5 sent."""
    return _folder("recordings/moodle")


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The XML schemas of SCORM 1.2 and 2004, one folder an edition."""
    return _folder("scorm-xsd")
