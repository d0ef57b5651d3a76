from __future__ import annotations

import pytest
from pydantic import ValidationError

from bridge.lti.settings import Lti13

GIVEN = {
    "issuer": "https://lms.example.edu",
    "client_id": "c",
    "auth_url": "https://lms.example.edu/a",
    "jwks_url": "https://lms.example.edu/j",
}


def test_a_connection_that_would_take_no_launch_is_a_mistake() -> None:
    with pytest.raises(ValidationError, match="learn_deployments: true"):
        Lti13.model_validate(GIVEN)


def test_deployments_are_learned_only_where_that_is_said() -> None:
    assert not Lti13.model_validate(GIVEN | {"deployment_ids": ["7"]}).learn_deployments
    assert Lti13.model_validate(GIVEN | {"learn_deployments": "true"}).learn_deployments


def test_a_star_does_not_quietly_mean_every_deployment() -> None:
    with pytest.raises(ValidationError, match="learn_deployments: true"):
        Lti13.model_validate(GIVEN | {"deployment_ids": ["*"]})
