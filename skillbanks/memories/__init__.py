"""Memory records: what an episode was about, how it went, and what is to be learnt from it (SkillRL, stage 2)."""
