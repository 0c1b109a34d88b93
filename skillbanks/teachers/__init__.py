"""Models as teachers: what they are asked, how they are reached, what it costs, what becomes of answers."""
