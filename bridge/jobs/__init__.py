"""What the bridge does between requests: run by the process that serves, or taken from a queue by a worker."""
