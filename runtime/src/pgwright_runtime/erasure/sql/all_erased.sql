-- One row: a person of a table who was erased.
SELECT person FROM pgwright_erased WHERE subject = :subject
