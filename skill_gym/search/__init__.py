"""Search: question answering with a retriever, as in Search-R1 and SkillRL (arXiv 2503.09516)."""
