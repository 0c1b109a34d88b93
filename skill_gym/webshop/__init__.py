"""WebShop: shopping by text in a simulated shop, in plain Python and numpy (Yao et al. 2022)."""
