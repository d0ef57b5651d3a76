"""Files that people hand over, read without trusting them."""
