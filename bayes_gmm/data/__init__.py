"""Reading, checking and standardising of tables, and storage of their rows."""
