"""Who plays and learns: policies, rollouts, GRPO. The only home of torch and vLLM."""
