"""What an adapter of one's own is tested with: inherit `bridge.testing.contract.AdapterContract` in a test file."""
