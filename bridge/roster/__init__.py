"""What adapters with a REST roster share: access tokens, and lists that are read page by page to a proven end."""
