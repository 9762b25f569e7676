"""HTTP only: what comes in is turned into one act of one person, what comes out into a page."""
