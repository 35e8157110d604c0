"""The engine of plans: an empty twin of the database that plans as production does, and the advisor that asks it."""
