INSERT INTO hotel SELECT n, 'Hotel ' || n, 'city ' || n % 60 FROM generate_series(1, 500) n;
INSERT INTO room SELECT n, 1 + (n - 1) / 20, 'R' || n % 20, 1 + n % 4 FROM generate_series(1, 10000) n;
INSERT INTO guest (email, name, created_at)
SELECT 'g' || n || '@example.com', 'Guest ' || n, timestamptz '2026-01-01' + n * interval '5 minutes'
FROM generate_series(1, 30000) n;
INSERT INTO booking (room_id, guest_id, arrives, leaves, status, created_at)
SELECT
    1 + n * 7919 % 10000, 1 + n::bigint * 104729 % 30000, date '2026-01-01' + n / 7 % 330, date '2026-01-02' + n / 7 % 330 + n % 5,
    CASE WHEN n % 100 = 0 THEN 'pending' WHEN n % 9 = 0 THEN 'cancelled' ELSE 'confirmed' END,
    timestamptz '2026-01-01' + n * interval '2 minutes'
FROM generate_series(1, 150000) n;
INSERT INTO payment (booking_id, amount, paid_at)
SELECT n, 40 + n % 300, timestamptz '2026-01-01' + n * interval '2 minutes' FROM generate_series(1, 120000) n;
