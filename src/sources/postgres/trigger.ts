import { quoted, type TablePlan, tableName } from './table-plan.js';

/** What everybody is told who listens: a list of keys as JSON, or this, where they are too many or too long to be named. */
const everything = '*';

/** The channel of a table: by its number, which it keeps when it is renamed. */
export const channelOf = (oid: string): string => `holdfast:${oid}`;

/** So many keys of one statement are named. */
const mostKeys = 1_000;

/** A payload of NOTIFY is shorter than 8,000 bytes. */
const longestPayload = 7_900;

/** The triggers' names, and on what they are fired. Several of them at once cannot see the rows of a statement. */
const triggers = [
  { name: 'holdfast_notify_insert', on: 'INSERT', sees: 'REFERENCING NEW TABLE AS holdfast_new' },
  {
    name: 'holdfast_notify_update',
    on: 'UPDATE',
    sees: 'REFERENCING OLD TABLE AS holdfast_old NEW TABLE AS holdfast_new',
  },
  { name: 'holdfast_notify_delete', on: 'DELETE', sees: 'REFERENCING OLD TABLE AS holdfast_old' },
  { name: 'holdfast_notify_truncate', on: 'TRUNCATE', sees: '' },
] as const;

const body = `
DECLARE
  channel constant text := 'holdfast:' || TG_RELID;
  changed text := CASE TG_OP
    WHEN 'INSERT' THEN 'SELECT %1$I::text FROM holdfast_new'
    WHEN 'DELETE' THEN 'SELECT %1$I::text FROM holdfast_old'
    ELSE 'SELECT %1$I::text FROM holdfast_new UNION SELECT %1$I::text FROM holdfast_old' END;
  keys text[];
  item text;
  part text := '';
BEGIN
  IF TG_OP = 'TRUNCATE' THEN
    PERFORM pg_notify(channel, '${everything}');
    RETURN NULL;
  END IF;
  EXECUTE format('SELECT array_agg(key) FROM (SELECT DISTINCT key FROM (' || changed
    || ') AS c(key) WHERE key IS NOT NULL LIMIT ${mostKeys + 1}) AS k', TG_ARGV[0]) INTO keys;
  IF array_length(keys, 1) > ${mostKeys} THEN
    PERFORM pg_notify(channel, '${everything}');
    RETURN NULL;
  END IF;
  FOREACH item IN ARRAY coalesce(keys, '{}') LOOP
    item := to_json(item)::text;
    IF octet_length(item) > ${longestPayload} - 2 THEN
      PERFORM pg_notify(channel, '${everything}');
      RETURN NULL;
    END IF;
    IF octet_length(part) + octet_length(item) > ${longestPayload} - 3 THEN
      PERFORM pg_notify(channel, '[' || part || ']');
      part := item;
    ELSIF part = '' THEN
      part := item;
    ELSE
      part := part || ',' || item;
    END IF;
  END LOOP;
  IF part <> '' THEN
    PERFORM pg_notify(channel, '[' || part || ']');
  END IF;
  RETURN NULL;
END`;

/** What the trigger is installed by. It may be run again at any time, and is one transaction's. */
export function triggerSql(plan: Pick<TablePlan, 'schema' | 'table' | 'key'>): readonly string[] {
  const table = tableName(plan);
  const name =
    plan.schema === undefined
      ? quoted('holdfast_notify')
      : `${quoted(plan.schema)}.${quoted('holdfast_notify')}`;
  return [
    `CREATE OR REPLACE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $holdfast$${body}\n$holdfast$`,
    ...triggers.flatMap(({ name: trigger, on, sees }) => [
      `DROP TRIGGER IF EXISTS ${trigger} ON ${table}`,
      `CREATE TRIGGER ${trigger} AFTER ${on} ON ${table} ${sees}${sees && ' '}FOR EACH STATEMENT EXECUTE FUNCTION ${name}(${literal(plan.key)})`,
    ]),
  ];
}

/**
 * Whether it is installed, and as this version has it. `$1` the table, `$2` the key. The table's number, how many of the triggers are
 * there and enabled, and how many of them run this very function for this key.
 */
export const installedSql = `
SELECT c.oid::text,
  count(*) FILTER (WHERE t.tgenabled IN ('O', 'A') AND t.tgargs = convert_to($2, 'UTF8') || '\\x00'::bytea)::int,
  count(*) FILTER (WHERE t.tgenabled IN ('O', 'A') AND t.tgargs = convert_to($2, 'UTF8') || '\\x00'::bytea
    AND p.prosrc = $3)::int
FROM pg_class c
LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgname IN (${triggers.map(({ name }) => `'${name}'`).join(', ')})
LEFT JOIN pg_proc p ON p.oid = t.tgfoid
WHERE c.oid = to_regclass($1) GROUP BY c.oid`;

/** The third parameter of `installedSql`. */
export const functionBody = `${body}\n`;

/** All of them. */
export const triggerCount = triggers.length;

const literal = (text: string): string =>
  text.includes('\\')
    ? ` E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`
    : `'${text.replaceAll("'", "''")}'`;

/** The keys of a payload; undefined: any may have changed. */
export function keysOf(payload: string | undefined): readonly string[] | undefined {
  try {
    const given: unknown = JSON.parse(payload ?? '');
    if (Array.isArray(given) && given.every((key) => typeof key === 'string')) return given;
  } catch {}
  return undefined;
}
