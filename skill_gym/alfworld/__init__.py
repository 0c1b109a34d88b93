"""ALFWorld text games (Shridhar et al. 2021), native: no TextWorld, no planner to compile."""
