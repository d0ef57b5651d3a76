"""What a package proves, how often anybody may try, what an LMS passes, and a second look at who it is."""
