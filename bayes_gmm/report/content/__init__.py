"""The content of the report as frozen records, without HTML."""
