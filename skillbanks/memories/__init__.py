"""Memory records: what an episode was about, how it went, and what it teaches (SkillRL, stage 2)."""
