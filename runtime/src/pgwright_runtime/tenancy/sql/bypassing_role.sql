-- A row is a role that no policy holds for and that the session is, or may become by SET ROLE or RESET ROLE.
SELECT current_user::text AS own, rolname::text AS name, rolsuper AS is_superuser
FROM pg_roles
WHERE (rolsuper OR rolbypassrls) AND (rolname = current_user OR pg_has_role(session_user, oid, 'MEMBER'))
ORDER BY rolname = current_user DESC, rolname = session_user DESC, rolname
LIMIT 1
