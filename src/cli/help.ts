export const commandHelp = `Usage: npx holdfast <command> [options]

Commands:
  simulate [scenario.ts]     plays a scenario many times under failures, and shrinks the first run that fails
  postgres install-trigger   makes a PostgreSQL table tell at once what is written to it

Options:
  --version  the version of Holdfast
  --help     this; npx holdfast <command> --help says more
`;

export const postgresHelp = `Usage: npx holdfast postgres install-trigger --table TABLE --key COLUMN [options]

Installs on a PostgreSQL table the trigger that postgresSource({ notify: true }) listens to: one function, holdfast_notify, and four
triggers, for what is inserted, updated, deleted and truncated. It may be run again: what is there already, and as this version has it,
is left alone and locks nothing. To install it the table is locked for a moment, which is waited for no longer than --lock-timeout.

Options:
  --table TABLE          the table: sessions, or auth.sessions
  --key COLUMN           the column of the key
  --connection URL       the database. Default: PGHOST, PGUSER, PGDATABASE and the other variables of libpq
  --lock-timeout 5s      how long the table's lock is waited for
  --print                prints the SQL, for a migration of your own, and connects to nothing
  --help                 this

Exit codes: 0 it is installed, 1 the database refused, or could not be reached, 2 it could not be done
`;
