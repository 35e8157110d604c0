INSERT INTO doctor SELECT n, 'Dr ' || n, 'specialty ' || n % 20 FROM generate_series(1, 300) n;
INSERT INTO patient
SELECT n, 'Name' || n * 7919 % 9000, 'First' || n % 700, date '1940-01-01' + n * 31 % 29000, 'INS' || lpad(n::text, 9, '0')
FROM generate_series(1, 40000) n;
INSERT INTO appointment (patient_id, doctor_id, starts_at, status)
SELECT
    1 + n::bigint * 104729 % 40000, 1 + n % 300, timestamptz '2025-01-01 08:00+00' + n * interval '4 minutes',
    CASE WHEN n % 50 = 0 THEN 'booked' WHEN n % 20 = 0 THEN 'missed' ELSE 'done' END
FROM generate_series(1, 200000) n;
INSERT INTO prescription (appointment_id, drug, days)
SELECT 1 + n * 7919 % 200000, 'drug ' || n % 400, 5 + n % 30 FROM generate_series(1, 150000) n;
