"""What is wrong, who can mend it, and how."""
