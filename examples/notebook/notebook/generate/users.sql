-- One row: a user.
INSERT INTO users (id, email, full_name, password_hash, is_active, created_at)
SELECT pg_temp.id('users', n),
       'user' || n || '@example.org',
       pg_temp.pick('{Ada,Ben,Chloe,Dmitri,Elif,Farid,Grace,Hugo,Ines,Jun}', n, 2)
           || ' ' || pg_temp.pick('{Adler,Braun,Costa,Dahl,Evans,Fischer,Gomez,Haddad,Ito,Janssen}', n, 3),
       '$argon2id$v=19$m=65536,t=3,p=4$' || left(md5('salt' || n), 22) || '$' || md5('pw' || n),
       n %% 20 <> 7,
       pg_temp.at(n, %(users)s)
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
