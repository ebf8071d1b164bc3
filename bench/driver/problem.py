class Problem(Exception):
    """Why the benchmark cannot go on, in words for whoever runs it."""
