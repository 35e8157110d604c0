SELECT 'DROP INDEX CONCURRENTLY ' || {index}
FROM pg_index
WHERE indexrelid = to_regclass({index}) AND NOT indisvalid
