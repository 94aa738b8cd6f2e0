"""Masks in tables of predictions: run lengths as text, and mask files beside the table."""
