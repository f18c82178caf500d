"""Rules about data that is run: as code, as a command, as a query, as an object, as a template."""
