"""What a fit says: modes, memberships, and the file that keeps them."""
