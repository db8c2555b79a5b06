"""What holds for the whole project, read from its files and its modules."""
