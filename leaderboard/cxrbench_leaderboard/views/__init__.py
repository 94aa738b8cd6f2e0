"""What each kind of page shows, as data for its template: no HTML and no file is made here."""
