"""横串検索: segments kept behind the records, and what is found with them."""
