"""The terminal: `kura` for one instance."""
