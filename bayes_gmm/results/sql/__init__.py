"""SQL queries that compute memberships in a database."""
