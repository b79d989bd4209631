"""The HTML report: content (records), pictures (SVG) and templates."""
