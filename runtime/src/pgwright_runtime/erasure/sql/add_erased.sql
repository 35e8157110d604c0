-- The same person may be erased again.
INSERT INTO pgwright_erased (person, subject) VALUES (:person, :subject) ON CONFLICT DO NOTHING
