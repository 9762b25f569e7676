"""Disk and SQL: sealed bytes and plain facts. No key passes through here but the shred key's own file."""
