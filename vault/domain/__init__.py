"""What is true on paper, without computers. Imports the standard library and `vault.errors` only."""
