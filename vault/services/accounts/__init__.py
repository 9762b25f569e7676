"""How a person gets in: the beginning, signing in, another device, recovery."""
