"""Files that hold a table: CSV and what pandas reads."""
