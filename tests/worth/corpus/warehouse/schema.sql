-- A warehouse that was migrated once too often: copies of indexes, one that nobody reads, keys too narrow.
CREATE TABLE sku (id bigint PRIMARY KEY, code text NOT NULL UNIQUE, name text NOT NULL);
CREATE TABLE bin (id bigint PRIMARY KEY, aisle int NOT NULL, place text NOT NULL);
CREATE INDEX ix_bin_aisle ON bin (aisle);

CREATE TABLE stock (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku_id bigint NOT NULL REFERENCES sku ON DELETE CASCADE,
    -- bin.id became a bigint, this did not.
    bin_id int NOT NULL REFERENCES bin ON DELETE CASCADE,
    quantity int NOT NULL,
    UNIQUE (sku_id, bin_id)
);
CREATE INDEX ix_stock_bin_id ON stock (bin_id);

CREATE TABLE stock_move (
    id serial PRIMARY KEY,
    sku_id bigint NOT NULL REFERENCES sku ON DELETE CASCADE,
    bin_id bigint NOT NULL REFERENCES bin ON DELETE CASCADE,
    quantity int NOT NULL,
    note text NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ix_stock_move_sku_id_moved_at ON stock_move (sku_id, moved_at DESC);
CREATE INDEX stock_move_sku_moved ON stock_move (sku_id, moved_at DESC);
CREATE INDEX ix_stock_move_sku_id ON stock_move (sku_id);
CREATE INDEX ix_stock_move_bin_id ON stock_move (bin_id);
CREATE INDEX ix_stock_move_note ON stock_move (note);
CREATE INDEX ix_stock_move_moved_at ON stock_move (moved_at);
