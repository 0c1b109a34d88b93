"""The page of ``skill-gym bank serve``: to read, search and compare a bank, and to decide on its skills."""
