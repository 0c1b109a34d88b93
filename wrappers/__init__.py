"""How a task is shown: parse the reply, keep a history, add skills, record the episode."""
