"""One module a revision, in plain SQL that PostgreSQL 15 to 18 all take."""
