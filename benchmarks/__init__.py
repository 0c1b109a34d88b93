"""What it is worth: the line-up, evaluation, speed, reports, the command line."""
