"""The database room: SQLAlchemy Core over SQLite or PostgreSQL, and plain functions over an `Engine`.

Times are Unix seconds that the caller passes in. Nothing here reads a clock or makes a random value.
"""
