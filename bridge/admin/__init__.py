"""Administrators: who they are, what each may do, and what they did."""
