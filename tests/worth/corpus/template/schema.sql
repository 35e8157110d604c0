-- In the shape of the full-stack FastAPI template: users and their items, UUID keys, lists with skip and limit.
CREATE TABLE "user" (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(255) NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_superuser boolean NOT NULL DEFAULT false,
    full_name varchar(255),
    hashed_password varchar NOT NULL,
    created_at timestamptz DEFAULT now()
);
CREATE UNIQUE INDEX ix_user_email ON "user" (email);

CREATE TABLE item (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    title varchar(255) NOT NULL,
    description varchar(255),
    owner_id uuid NOT NULL REFERENCES "user" ON DELETE CASCADE,
    created_at timestamptz DEFAULT now()
);
