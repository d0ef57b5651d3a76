"""Calls to other systems: the egress client, and what it stands on (SSRF protection, retries, proxies)."""
