"""One folder for each LMS, file or package format; what each can do stands in its `ADAPTER` record.

This tuple is the whole registry. A configuration may also name an adapter of its own by dotted path
(`adapter: "acme_lms.adapter:ADAPTER"`).
"""

from adapters.canvas import ADAPTER as CANVAS
from adapters.docebo import ADAPTER as DOCEBO
from adapters.lti import ADAPTER as LTI
from adapters.moodle import ADAPTER as MOODLE
from adapters.oneroster import ADAPTER as ONEROSTER
from adapters.rest_list import ADAPTER as REST_LIST
from adapters.scim import ADAPTER as SCIM
from adapters.scorm import ADAPTER as SCORM
from adapters.smarteru import ADAPTER as SMARTERU
from adapters.spreadsheet import ADAPTER as SPREADSHEET
from adapters.successfactors import ADAPTER as SUCCESSFACTORS

ADAPTERS = (CANVAS, MOODLE, LTI, SCORM, SMARTERU, DOCEBO, ONEROSTER, REST_LIST, SCIM, SPREADSHEET, SUCCESSFACTORS)
