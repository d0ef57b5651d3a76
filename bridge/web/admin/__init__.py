"""The administrators' pages at `/admin`."""
