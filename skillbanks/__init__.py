"""The skill bank: what has been learnt, and how the next version of it comes about."""
