"""The files of the site: the numbers of the pages as CSV, JSON and BibTeX, and the writer of all files."""
