-- A relation whose rows change, or may be read, with those of another: by a foreign key's action, as partition or child,
-- or as the table below a view. Both ways where a row of one is a row of the other.
SELECT parent.relname, child.relname
FROM pg_constraint
JOIN pg_class parent ON parent.oid = confrelid
JOIN pg_class child ON child.oid = conrelid
WHERE contype = 'f' AND (confdeltype IN ('c', 'n', 'd') OR confupdtype IN ('c', 'n', 'd'))
UNION
SELECT parent.relname, child.relname
FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent
JOIN pg_class child ON child.oid = inhrelid
WHERE parent.relkind IN ('r', 'p', 'f')
UNION
SELECT child.relname, parent.relname
FROM pg_inherits
JOIN pg_class parent ON parent.oid = inhparent
JOIN pg_class child ON child.oid = inhrelid
WHERE parent.relkind IN ('r', 'p', 'f')
UNION
SELECT child.relname, sibling.relname
FROM pg_inherits own
JOIN pg_class child ON child.oid = own.inhrelid
JOIN pg_inherits other ON other.inhparent = own.inhparent
JOIN pg_class sibling ON sibling.oid = other.inhrelid
WHERE child.relispartition
