"""Packages for any LMS: SCORM 1.2, SCORM 2004, AICC and cmi5."""

from __future__ import annotations

from collections.abc import Mapping

from adapters.scorm.aicc import read_aicc, report_aicc
from adapters.scorm.cmi5 import read_cmi5
from adapters.scorm.cmi5_report import report_cmi5
from adapters.scorm.launch import read_page
from adapters.scorm.package import FORMATS, build_package
from adapters.scorm.settings import Settings
from bridge.contracts import Adapter, CallbackContext, Report
from bridge.install.guide import PackageOrder


def report(channel: Mapping[str, str], progress: Report, settings: Settings, context: CallbackContext) -> None:
    """Tell the LMS of progress by the way the launch came in; a SCORM page asks for it instead."""
    tell = report_aicc if "session_id" in channel else report_cmi5
    tell(channel, progress, settings, context)


def package(order: PackageOrder) -> bytes:
    """A package as it was ordered."""
    return build_package(**order._asdict())


ADAPTER = Adapter(
    name="scorm",
    title="SCORM, AICC and cmi5 packages",
    settings=Settings,
    read_page=read_page,
    read_aicc=read_aicc,
    read_cmi5=read_cmi5,
    report=report,
    package_formats=tuple(FORMATS),
    build_package=package,
)
