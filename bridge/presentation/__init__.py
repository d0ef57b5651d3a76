"""What every page for learners and teachers shares, in the bridge and in packages: languages, words, style."""
