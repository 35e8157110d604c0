"""Background jobs in a table of the app: enqueued with the transaction, done once."""
