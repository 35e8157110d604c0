-- A public library: search by title, loans by member and by copy, overdue ones by a partial index.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE author (id int PRIMARY KEY, name text NOT NULL);
CREATE INDEX ix_author_name ON author (name);

CREATE TABLE book (
    id int PRIMARY KEY,
    author_id int NOT NULL REFERENCES author ON DELETE CASCADE,
    isbn text NOT NULL UNIQUE,
    title text NOT NULL,
    published int NOT NULL
);
CREATE INDEX ix_book_author_id ON book (author_id, published);
CREATE INDEX ix_book_title ON book USING gin (title gin_trgm_ops);

CREATE TABLE copy (
    id int PRIMARY KEY,
    book_id int NOT NULL REFERENCES book ON DELETE CASCADE,
    shelf text NOT NULL
);
CREATE INDEX ix_copy_book_id ON copy (book_id);

CREATE TABLE member (
    id int PRIMARY KEY,
    card text NOT NULL UNIQUE,
    name text NOT NULL
);

CREATE TABLE loan (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    copy_id int NOT NULL REFERENCES copy ON DELETE CASCADE,
    member_id int NOT NULL REFERENCES member ON DELETE CASCADE,
    loaned_on date NOT NULL,
    due_on date NOT NULL,
    returned_on date
);
CREATE INDEX ix_loan_copy_id ON loan (copy_id, loaned_on DESC);
CREATE INDEX ix_loan_member_id ON loan (member_id, loaned_on DESC);
CREATE INDEX ix_loan_due_on_out ON loan (due_on) WHERE returned_on IS NULL;
