"""The rows of the pages as CSV, JSON and BibTeX."""
