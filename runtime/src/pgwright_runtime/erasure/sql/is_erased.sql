-- Whether one of a person's hashes is listed.
SELECT EXISTS (SELECT FROM pgwright_erased WHERE person IN :persons)
