"""Programs that enqueue so many empty tasks, or work them off with ten at a time, each with another queue.

Each is run as `PROGRAM enqueue|work URL COUNT`, and prints the seconds that it took.
"""
