"""What the pages say, as data: boards, rows, ranks, claims; no HTML here."""
