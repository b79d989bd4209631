"""What a fit looks like: pictures of segments. Matplotlib loads when something is drawn."""
