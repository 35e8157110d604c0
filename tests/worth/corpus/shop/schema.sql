-- A shop that soft-deletes by a sentinel: a living row has 1000-01-01. Lists go through a view.
CREATE TABLE customer (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    email text NOT NULL,
    deleted_at timestamp NOT NULL DEFAULT '1000-01-01',
    -- A deleted account does not block its address.
    UNIQUE (email, deleted_at)
);

CREATE TABLE product (id int PRIMARY KEY, slug text NOT NULL UNIQUE, title text NOT NULL, price numeric(10, 2) NOT NULL);

CREATE TABLE coupon (
    code text PRIMARY KEY,
    percent int NOT NULL,
    expires_at timestamptz NOT NULL
);

CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id bigint NOT NULL REFERENCES customer,
    coupon_code text REFERENCES coupon,
    state text NOT NULL,
    placed_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamp NOT NULL DEFAULT '1000-01-01'
);
CREATE INDEX ix_orders_coupon_code ON orders (coupon_code) WHERE coupon_code IS NOT NULL;
CREATE INDEX ix_orders_placed_at_new ON orders (placed_at) WHERE state = 'new';

CREATE TABLE order_line (
    order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    line int NOT NULL,
    product_id int NOT NULL REFERENCES product,
    quantity int NOT NULL,
    PRIMARY KEY (order_id, line)
);

CREATE VIEW living_order AS SELECT * FROM orders WHERE deleted_at = '1000-01-01';
