INSERT INTO author SELECT n, 'Author ' || md5(n::text) FROM generate_series(1, 5000) n;
INSERT INTO book
SELECT n, 1 + n * 7919 % 5000, '978' || lpad(n::text, 10, '0'), initcap(md5(n::text)) || ' of ' || md5('t' || n), 1900 + n % 126
FROM generate_series(1, 40000) n;
INSERT INTO copy SELECT n, 1 + n::bigint * 104729 % 40000, 'S' || n % 300 FROM generate_series(1, 80000) n;
INSERT INTO member SELECT n, 'C' || lpad(n::text, 8, '0'), 'Member ' || n FROM generate_series(1, 20000) n;
INSERT INTO loan (copy_id, member_id, loaned_on, due_on, returned_on)
SELECT
    1 + n * 7919 % 80000, 1 + n::bigint * 104729 % 20000, date '2025-01-01' + n / 320, date '2025-01-29' + n / 320,
    CASE WHEN n < 196000 THEN date '2025-01-15' + n / 320 END
FROM generate_series(1, 200000) n;
