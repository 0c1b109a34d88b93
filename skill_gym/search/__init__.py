"""Search: question answering with a retriever, as Search-R1 and SkillRL play it (Jin et al. 2025, arXiv 2503.09516)."""
