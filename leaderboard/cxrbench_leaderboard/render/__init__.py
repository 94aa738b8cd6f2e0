"""Views to HTML: templates, and the tables that have too many cells for a template; no number is computed here."""
