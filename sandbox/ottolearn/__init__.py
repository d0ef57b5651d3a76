"""A stand-in OttoLearn: the API the bridge calls and the page its learners land on, for the demo and the tests."""

from sandbox.ottolearn.app import LINK_SECRET, create_sandbox
from sandbox.ottolearn.faults import Faults
from sandbox.ottolearn.people import generated, read_seed
from sandbox.ottolearn.sso import SingleSignOn

__all__ = ["LINK_SECRET", "Faults", "SingleSignOn", "create_sandbox", "generated", "read_seed"]
