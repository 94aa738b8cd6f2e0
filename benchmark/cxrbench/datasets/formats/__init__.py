"""File formats that several datasets share: tables, image folders, polygons, annotation files, volume masks."""
