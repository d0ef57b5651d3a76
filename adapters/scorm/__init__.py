"""Packages for any LMS: SCORM 1.2, SCORM 2004 and AICC."""

from __future__ import annotations

from adapters.scorm.aicc import read_aicc
from adapters.scorm.launch import read_page
from adapters.scorm.settings import Settings
from bridge.contracts import Adapter

ADAPTER = Adapter(
    name="scorm",
    title="SCORM, AICC and cmi5 packages",
    settings=Settings,
    read_page=read_page,
    read_aicc=read_aicc,
)
