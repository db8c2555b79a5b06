"""The database: models, migrations and repositories that speak domain types."""
