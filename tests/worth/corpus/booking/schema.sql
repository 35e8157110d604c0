-- Rooms of hotels, booked by guests: every foreign key and every list has its index.
CREATE TABLE hotel (id int PRIMARY KEY, name text NOT NULL, city text NOT NULL);
CREATE INDEX ix_hotel_city ON hotel (city);

CREATE TABLE room (
    id int PRIMARY KEY,
    hotel_id int NOT NULL REFERENCES hotel ON DELETE CASCADE,
    number text NOT NULL,
    beds int NOT NULL,
    UNIQUE (hotel_id, number)
);

CREATE TABLE guest (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE booking (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    room_id int NOT NULL REFERENCES room ON DELETE CASCADE,
    guest_id bigint NOT NULL REFERENCES guest ON DELETE CASCADE,
    arrives date NOT NULL,
    leaves date NOT NULL,
    status text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_booking_room_id_arrives ON booking (room_id, arrives);
CREATE INDEX ix_booking_guest_id_arrives ON booking (guest_id, arrives DESC);
CREATE INDEX ix_booking_arrives_pending ON booking (arrives) WHERE status = 'pending';

CREATE TABLE payment (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id bigint NOT NULL UNIQUE REFERENCES booking ON DELETE CASCADE,
    amount numeric(10, 2) NOT NULL,
    paid_at timestamptz NOT NULL
);
