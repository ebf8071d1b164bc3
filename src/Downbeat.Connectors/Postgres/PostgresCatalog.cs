using Downbeat.Connectors.Sql;
using Downbeat.Pipeline.Publish;

namespace Downbeat.Connectors.Postgres;

/// <summary>What a schema has, and who may read it.</summary>
static class PostgresCatalog
{
    /// <summary>Everything that has a name in a schema, with the columns it has. Redshift answers this, too.</summary>
    public static ILookup<string, string> FindColumns(SqlSession session, string schema) =>
        session
            .Read(
                """
                SELECT CAST(class.relname AS VARCHAR(128)), CAST(attribute.attname AS VARCHAR(128))
                FROM pg_catalog.pg_class AS class
                JOIN pg_catalog.pg_namespace AS namespace ON namespace.oid = class.relnamespace
                JOIN pg_catalog.pg_attribute AS attribute ON attribute.attrelid = class.oid
                WHERE CAST(namespace.nspname AS VARCHAR(128)) = @schema AND attribute.attnum > 0 AND NOT attribute.attisdropped
                """,
                row => (Table: row.GetString(0), Column: row.GetString(1)),
                ("@schema", schema)
            )
            .ToLookup(row => row.Table, row => row.Column, StringComparer.Ordinal);

    /// <summary>Whether there is a schema of that name.</summary>
    public static bool HasSchema(SqlSession session, string schema) =>
        session
            .Read(
                "SELECT CAST(nspname AS VARCHAR(128)) FROM pg_catalog.pg_namespace WHERE CAST(nspname AS VARCHAR(128)) = @schema",
                row => row.GetString(0),
                ("@schema", schema)
            )
            .Count > 0;

    /// <summary>Lets a role read the tables, unless it may already: granting takes a right that whoever only loads may not have.</summary>
    /// <exception cref="DestinationException">There is no such role, or it is not for us to grant.</exception>
    public static void GrantSelect(SqlSession session, string schema, string role, IEnumerable<string> tables)
    {
        var isPublic = role == "public";
        if (
            !isPublic
            && session
                .Read(
                    "SELECT 1 FROM pg_catalog.pg_roles WHERE rolname = @role",
                    row => row.GetInt32(0),
                    ("@role", role)
                )
                .Count == 0
        )
        {
            throw new DestinationException(
                $"there is no role {role}, which postgresGrantSelectTo names; make it with CREATE ROLE, or take it out."
            );
        }

        var to = isPublic ? "PUBLIC" : SqlDestination.Quote(role);
        var quoted = SqlDestination.Quote(schema);
        Grant("has_schema_privilege", schema, "USAGE", $"GRANT USAGE ON SCHEMA {quoted} TO {to}");
        foreach (var table in tables)
        {
            var full = $"{quoted}.{SqlDestination.Quote(table)}";
            Grant("has_table_privilege", full, "SELECT", $"GRANT SELECT ON {full} TO {to}");
        }

        void Grant(string asks, string what, string privilege, string grant)
        {
            bool Has() =>
                session
                    .Read(
                        $"SELECT pg_catalog.{asks}(@role, @what, @privilege)",
                        row => row.GetBoolean(0),
                        ("@role", role),
                        ("@what", what),
                        ("@privilege", privilege)
                    )
                    .Single();
            if (Has())
            {
                return;
            }

            session.Execute(grant);
            if (!Has())
            {
                // Without the right to grant that is a notice, and no error.
                throw new DestinationException($"whoever owns {what} has to grant: {grant};");
            }
        }
    }
}
