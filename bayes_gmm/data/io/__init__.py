"""Reading of CSV and Parquet files and of data frames."""
