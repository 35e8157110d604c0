-- A clinic as its first release had it: primary keys, and hardly another index.
CREATE TABLE doctor (id int PRIMARY KEY, name text NOT NULL, specialty text NOT NULL);

CREATE TABLE patient (
    id int PRIMARY KEY,
    last_name text NOT NULL,
    first_name text NOT NULL,
    born_on date NOT NULL,
    insurance_no text NOT NULL
);

CREATE TABLE appointment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    patient_id int NOT NULL REFERENCES patient ON DELETE CASCADE,
    doctor_id int NOT NULL REFERENCES doctor ON DELETE CASCADE,
    starts_at timestamptz NOT NULL,
    status text NOT NULL
);
CREATE INDEX ix_appointment_doctor_id_starts_at ON appointment (doctor_id, starts_at);

CREATE TABLE prescription (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    appointment_id bigint NOT NULL REFERENCES appointment ON DELETE CASCADE,
    drug text NOT NULL,
    days int NOT NULL
);
