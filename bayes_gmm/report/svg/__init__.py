"""Pictures as SVG markup."""
