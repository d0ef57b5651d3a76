"""One folder for each LMS, file or package format; what each can do stands in its `ADAPTER` record.

These names are the whole registry, each with its folder; an adapter is imported when it is first asked for. A
configuration may also name an adapter of its own by dotted path (`adapter: "acme_lms.adapter:ADAPTER"`).
"""

from bridge.config.adapters import Adapters

ADAPTERS = Adapters(
    "adapters",
    (
        "canvas",
        "moodle",
        "blackboard",
        "brightspace",
        "lti",
        "scorm",
        "smarteru",
        "docebo",
        "oneroster",
        "rest-list",
        "scim",
        "spreadsheet",
        "successfactors",
    ),
)
