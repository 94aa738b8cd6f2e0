"""Data to HTML: templates, cells, tables and plots; no number is computed here."""
