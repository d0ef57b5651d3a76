"""What is wrong, who can fix it, and how."""
