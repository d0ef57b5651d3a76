"""Paths, methods and field names as OttoLearn writes them, each to be overridden under `ottolearn.api`.

docs/ottolearn-api.md says which of them stand in a public page and which are assumed.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from bridge.config.settings import Frozen

Path = Annotated[str, Field(pattern=r"^/[\x21-\x7e]*$")]
Name = Annotated[str, Field(min_length=1, max_length=100)]


class Wire(Frozen):
    """What goes over the wire."""

    login: Path = "/authenticate/login"  # SEEN
    authorization: str = Field(default="{token}", pattern=r"^[\x20-\x7e]*\{token\}[\x20-\x7e]*$")  # SEEN
    """The header `Authorization`."""
    users: Path = "/v1/rest/user"  # GET SEEN, POST ASSUMED
    user: Path = "/v1/rest/user/{id}"  # PUT and GET ASSUMED
    attributes: Path = "/v1/rest/attribute"  # ASSUMED
    search: Path | None = None
    """Users whose Username attribute `{attribute}` holds `{value}`; None, for no public page says that there is one."""
    create_method: Literal["POST", "PUT"] = "POST"  # ASSUMED
    update_method: Literal["PUT", "PATCH", "POST"] = "PUT"  # ASSUMED
    id: Name = "id"  # SEEN
    attribute: Name = "attribute"  # SEEN
    active: Name = "active"  # ASSUMED
    password: Name = "password"  # noqa: S105  # the field's name; ASSUMED
    attribute_name: Name = "name"  # ASSUMED, as are the four below
    label: Name = "label"
    type: Name = "type"
    required: Name = "required"
    is_username: Name = "isUsername"

    @model_validator(mode="after")
    def _one_place_for_the_id(self) -> Self:
        if self.user.replace("{id}", "", 1).count("{") or "{id}" not in self.user:
            raise ValueError("allowed for user: a path with {id} in it, and no other braces")
        return self

    @model_validator(mode="after")
    def _a_place_for_the_value(self) -> Self:
        search = self.search or "{value}"
        if "{value}" not in search or "{" in search.replace("{value}", "", 1).replace("{attribute}", "", 1):
            raise ValueError("allowed for search: a path with {value} in it, {attribute} too, and no other braces")
        return self
