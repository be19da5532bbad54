"""Models, measured: tasks × models → results and statistics."""
