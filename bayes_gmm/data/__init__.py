"""Tables on their way in: read, checked, standardised, and where their rows live."""
