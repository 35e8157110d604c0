SELECT set_config(s.name, w.value, false)
FROM unnest(%s::text[], %s::text[]) AS w(name, value) JOIN pg_settings s ON s.name = w.name
WHERE s.context IN ('user', 'superuser')
