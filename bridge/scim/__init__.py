"""SCIM 2.0: the people and groups that an identity provider pushes."""
