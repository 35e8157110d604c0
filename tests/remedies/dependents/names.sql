-- Names with quotes, capitals, dollar signs and line ends, in several schemas.
CREATE SCHEMA "My ""App""";
CREATE TABLE "My ""App"""."User's" ("I""d" text PRIMARY KEY, "E mail" text, "select" int);
CREATE TABLE public."Order $x$" ("Id" int PRIMARY KEY, "user" text REFERENCES "My ""App"""."User's", "line
end" int);
INSERT INTO "My ""App"""."User's" SELECT md5(n::text)::uuid::text, 'e' || n, n FROM generate_series(1, 2000) n;
INSERT INTO "Order $x$" SELECT n, md5((1 + n % 2000)::text)::uuid::text, n FROM generate_series(1, 6000) n;
CREATE INDEX "Ix ""1""" ON "My ""App"""."User's" (lower("E mail"));
CREATE INDEX "Ix 2" ON "Order $x$" ("line
end");
CREATE INDEX "Ix 2 again" ON "Order $x$" ("line
end");
CREATE VIEW "My ""App"""."V 1" AS SELECT upper("I""d") AS id FROM "My ""App"""."User's";
CREATE POLICY "P ""1""" ON "Order $x$" USING ("user" <> 'nobody');
-- workload
SELECT * FROM "My ""App"""."V 1" LIMIT 3;
SELECT * FROM "My ""App"""."User's" WHERE lower("E mail") = 'e7';
SELECT * FROM "Order $x$" WHERE "user" = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
SELECT * FROM "Order $x$" WHERE "line
end" = 7;
DELETE FROM "My ""App"""."User's" WHERE "I""d" = 'none';
