"""One act of one person is one function, one transaction and one journal entry."""
