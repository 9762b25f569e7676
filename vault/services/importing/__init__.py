"""表の取り込み: a spreadsheet from the file to the records, with nothing of it in plain on a disk, and back again."""
